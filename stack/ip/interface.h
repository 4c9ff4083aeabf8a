// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/time.h"

namespace tcproof::ip {

/// The one Ethernet interface of a host: its addresses and what is configured or learnt about the
/// link.
struct Interface {
  wire::MacAddress mac;
  std::uint32_t mtu = 1500;
  std::optional<wire::IpPrefix> v4, v6;
  std::optional<wire::IpAddress> v4_router, v6_router;
  std::vector<wire::IpAddress> other_routers;  // of either family, tried after those two

  /// How far duplicate address detection has come with the IPv6 address (RFC 4862 5.4).
  enum class Check : std::uint8_t { passed, under_way, duplicate } v6_check = Check::passed;
  /// As router advertisements and the configuration want it (RFC 4861 6.3.2).
  std::uint8_t hop_limit = 64, ttl = 64;
  std::optional<std::uint32_t> advertised_mtu;  // of IPv6 packets, never above `mtu`

  const std::optional<wire::IpPrefix>& prefix(wire::Family family) const {
    return family == wire::Family::v4 ? v4 : v6;
  }
  bool is_ours(const wire::IpAddress& address) const;
  /// Limited or directed broadcast of our IPv4 subnet (RFC 1122 3.2.1.3), the old all-zeros forms
  /// included.
  bool is_broadcast(const wire::IpAddress& address) const;
  /// The address may be spoken from and to.
  bool has(wire::Family family) const {
    return family == wire::Family::v4 ? v4.has_value() : v6 && v6_check == Check::passed;
  }
  std::uint32_t link_mtu(wire::Family family) const {
    return family == wire::Family::v4 ? mtu : advertised_mtu.value_or(mtu);
  }
};

/// Where the internet layer's frames go, and what it has to say.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  virtual void frame(wire::Bytes frame) = 0;
  virtual void trace(std::string_view rule) = 0;
  /// A packet (from its IP header on) waited for a link address in vain.
  virtual void unresolved(wire::Bytes packet, Instant now) = 0;
  /// The neighbour does not answer. Comes before unresolved().
  virtual void silent(const wire::IpAddress& next_hop) = 0;
  /// The neighbour has answered.
  virtual void answered(const wire::IpAddress& next_hop) = 0;
};

}  // namespace tcproof::ip
