// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/time.h"

namespace tcproof::ip {

/// The one Ethernet interface of a host: its addresses and where packets go from it.
struct Interface {
  wire::MacAddress mac;
  std::uint32_t mtu = 1500;
  std::optional<wire::IpPrefix> v4, v6;
  std::optional<wire::IpAddress> v4_router, v6_router;

  const std::optional<wire::IpPrefix>& prefix(wire::Family family) const {
    return family == wire::Family::v4 ? v4 : v6;
  }
  bool is_ours(const wire::IpAddress& address) const;
  /// Limited or directed broadcast of our IPv4 subnet (RFC 1122 3.2.1.3), the old all-zeros forms
  /// included.
  bool is_broadcast(const wire::IpAddress& address) const;
  /// Whose link address a packet to `dst` needs: `dst` itself on our link, else the router (RFC
  /// 1122 3.3.1.1). Empty: no route.
  std::optional<wire::IpAddress> next_hop(const wire::IpAddress& dst) const;
};

/// Where the internet layer's frames go, and what it has to say.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  virtual void frame(wire::Bytes frame) = 0;
  virtual void trace(std::string_view rule) = 0;
  /// A packet (from its IP header on) waited for a link address in vain.
  virtual void unresolved(wire::Bytes packet, Instant now) = 0;
};

}  // namespace tcproof::ip
