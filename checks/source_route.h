// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stack/wire/frame.h"
#include "stack/wire/ipv4_options.h"

namespace tcproof::checks {

/// Where a packet is meant to end: with a source route that has not ended, the last address of the
/// route, which pseudo-headers name too (RFC 791 3.1, RFC 9293 3.1); else the destination.
inline wire::IpAddress final_destination(const wire::IpSpec& ip) {
  constexpr std::size_t before_addresses = 3, address = 4;
  wire::IpAddress destination = ip.dst.value_or(wire::IpAddress{ip.family, {}});
  wire::walk_ipv4_options(ip.options, [&](wire::Bytes option, std::size_t) {
    const bool goes_on = wire::ipv4_option::is_source_route(option[0]) &&
                         option.size() >= before_addresses + address && option[2] <= option.size();
    if (goes_on) destination = wire::IpAddress::from(wire::Family::v4, option.last(address));
    return !goes_on;
  });
  return destination;
}

}  // namespace tcproof::checks
