// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stack/wire/frame.h"

namespace tcproof::checks {

/// Where a packet is meant to end: with a source route that has not ended, the last address of the
/// route, which pseudo-headers name too (RFC 791 3.1, RFC 9293 3.1); else the destination.
inline wire::IpAddress final_destination(const wire::IpSpec& ip) {
  constexpr std::uint8_t loose = 131, strict = 137, nop = 1, end = 0;
  constexpr std::size_t before_addresses = 3, address = 4;
  const wire::Buffer& options = ip.options;
  for (std::size_t at = 0; at < options.size() && options[at] != end;) {
    if (options[at] == nop) {
      ++at;
      continue;
    }
    const std::size_t length = at + 1 < options.size() ? options[at + 1] : 0;
    if (length < 2 || at + length > options.size()) break;
    const bool route = options[at] == loose || options[at] == strict;
    if (route && length >= before_addresses + address && options[at + 2] <= length)
      return wire::IpAddress::from(wire::Family::v4,
                                   wire::Bytes(options).subspan(at + length - address, address));
    at += length;
  }
  return ip.dst.value_or(wire::IpAddress{ip.family, {}});
}

}  // namespace tcproof::checks
