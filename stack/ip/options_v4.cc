// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/options_v4.h"

#include <algorithm>

#include "stack/ip/rules.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv4_options.h"
#include "stack/wire/numbers.h"

namespace tcproof::ip {

using wire::Bytes;
using wire::IpAddress;

namespace {

namespace option = wire::ipv4_option;

constexpr std::uint8_t copied_flag = 0x80;
constexpr std::size_t address_size = 4, route_data = 3;  // octets before the addresses of a route

void append(OptionsV4& to, Bytes option) {
  if (to.size + option.size() > to.octets.size()) return;
  std::ranges::copy(option, to.octets.begin() + static_cast<std::ptrdiff_t>(to.size));
  to.size += option.size();
}

/// Zeros, which end the list, up to a whole word.
void pad(OptionsV4& options) {
  options.size = (options.size + 3) / 4 * 4;
}

/// An address where the pointer says, if there is room (RFC 791 3.1).
void record_address(wire::MutableBytes option, const IpAddress& us) {
  if (option.size() < route_data || option[2] < 4) return;
  const std::size_t at = option[2] - std::size_t{1};
  if (at + address_size > option.size()) return;
  wire::put_ip(option, at, us, wire::Family::v4);
  option[2] = static_cast<std::uint8_t>(option[2] + address_size);
}

/// RFC 791 3.1: flag 0 stamps only, 1 address and stamp, 3 a stamp where our address is named. With
/// no room left the overflow count goes up.
void record_time(wire::MutableBytes option, const IpAddress& us, Instant now) {
  constexpr std::size_t head = 4;
  if (option.size() < head || option[2] < 5) return;
  const std::uint8_t flag = option[3] & 15;
  const std::size_t entry = flag == 0 ? 4 : 8;
  const std::size_t at = option[2] - std::size_t{1};
  if (at + entry > option.size()) {
    if (option[3] >> 4 < 15) option[3] = static_cast<std::uint8_t>(option[3] + 16);
    return;
  }
  if (flag == 3 && IpAddress::from(wire::Family::v4, option.subspan(at)) != us) return;
  if (flag != 0) wire::put_ip(option, at, us, wire::Family::v4);
  wire::put32(option, at + entry - 4, clock_of_timestamps(now));
  option[2] = static_cast<std::uint8_t>(option[2] + entry);
}

}  // namespace

std::uint32_t clock_of_timestamps(Instant now) {
  constexpr std::uint32_t not_midnight_ut = 0x80000000;
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  return static_cast<std::uint32_t>(ms) | not_midnight_ut;
}

std::optional<OptionFault> check_options(Bytes options) {
  std::optional<OptionFault> fault;
  const auto broken = wire::walk_ipv4_options(options, [&](Bytes one, std::size_t) {
    const bool goes_on =
        option::is_source_route(one[0]) && one.size() >= route_data && one[2] <= one.size();
    if (!goes_on) return true;
    fault = OptionFault{rule::ipv4_a_source_route_that_goes_on_from_here,
                        wire::IcmpHeader{wire::icmp_type::unreachable,
                                         wire::unreachable_code::source_route_failed, 0, 0}};
    return false;
  });
  if (!broken) return fault;
  const auto pointer = static_cast<std::uint32_t>(wire::Ipv4Header::size + *broken + 1);
  return OptionFault{rule::ipv4_an_option_of_wrong_length,
                     wire::IcmpHeader{wire::icmp_type::parameter_problem, 0, 0, pointer << 24}};
}

namespace {

/// Without padding.
std::optional<OptionsV4> turned_round(Bytes options, const IpAddress& src) {
  std::optional<OptionsV4> back;
  wire::walk_ipv4_options(options, [&](Bytes one, std::size_t) {
    if (!option::is_source_route(one[0]) || one.size() < route_data + address_size) return true;
    const std::size_t count = (one.size() - route_data) / address_size;
    const auto address = [&](std::size_t i) {
      return IpAddress::from(wire::Family::v4, one.subspan(route_data + i * address_size));
    };
    const std::size_t first = address(0) == src ? 1 : 0;
    if (first == count) return false;  // straight from `src`: nothing to turn round
    back.emplace();
    back->first_hop = address(count - 1);
    const std::size_t size = route_data + (count - first) * address_size;
    back->octets[0] = one[0];
    back->octets[1] = static_cast<std::uint8_t>(size);
    back->octets[2] = 4;
    std::size_t at = route_data;
    for (std::size_t i = count - 1; i-- > first; at += address_size)
      wire::put_ip(back->octets, at, address(i), wire::Family::v4);
    wire::put_ip(back->octets, at, src, wire::Family::v4);
    back->size = size;
    return false;
  });
  return back;
}

}  // namespace

std::optional<OptionsV4> source_route(std::span<const IpAddress> hops, const IpAddress& dst) {
  constexpr std::size_t most = 9;
  if (hops.empty() || hops.size() > most) return {};
  OptionsV4 options;
  options.first_hop = hops.front();
  options.octets[0] = option::loose_source_route;
  options.octets[1] = static_cast<std::uint8_t>(route_data + hops.size() * address_size);
  options.octets[2] = 4;
  std::size_t at = route_data;
  for (const IpAddress& hop : hops.subspan(1)) {
    wire::put_ip(options.octets, at, hop, wire::Family::v4);
    at += address_size;
  }
  wire::put_ip(options.octets, at, dst, wire::Family::v4);
  options.size = at + address_size;
  pad(options);
  return options;
}

std::optional<OptionsV4> return_route(Bytes options, const IpAddress& src) {
  auto back = turned_round(options, src);
  if (back) pad(*back);
  return back;
}

OptionsV4 reply_options(Bytes options, const IpAddress& src, const IpAddress& us, Instant now) {
  OptionsV4 reply;
  if (options.empty()) return reply;
  if (const auto route = turned_round(options, src)) reply = *route;
  wire::walk_ipv4_options(options, [&](Bytes one, std::size_t) {
    if (one[0] != option::record_route && one[0] != option::timestamp) return true;
    const std::size_t at = reply.size;
    append(reply, one);
    if (reply.size == at) return true;
    const auto own = wire::MutableBytes(reply.octets).subspan(at, one.size());
    if (one[0] == option::record_route) record_address(own, us);
    if (one[0] == option::timestamp) record_time(own, us, now);
    return true;
  });
  pad(reply);
  return reply;
}

OptionsV4 copied_options(Bytes options) {
  OptionsV4 copied;
  wire::walk_ipv4_options(options, [&](Bytes one, std::size_t) {
    if ((one[0] & copied_flag) != 0) append(copied, one);
    return true;
  });
  pad(copied);
  return copied;
}

}  // namespace tcproof::ip
