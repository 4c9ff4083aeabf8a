// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "stack/ip/address_hash.h"
#include "stack/ip/interface.h"

namespace tcproof::ip {

/// Where packets go first (RFC 1122 3.3.1, RFC 4861 5.1 and 5.2): the prefixes on the link, the
/// default routers, and the destinations that a redirect has moved. Configured routers and prefixes
/// stay; what advertisements bring ends with its lifetime. Everything is bounded.
class Routes {
 public:
  static constexpr std::size_t max_redirects = 256, max_prefixes = 16, max_routers = 8;

  /// `interface` outlives this object.
  explicit Routes(const Interface& interface);

  /// Whose link address a packet to `dst` needs. Empty: no route.
  std::optional<wire::IpAddress> next_hop(const wire::IpAddress& dst) const;
  bool is_on_link(const wire::IpAddress& address) const;

  /// One destination goes to `gateway` from now on; `gateway` equal to `dst`: it is on the link.
  void redirect(const wire::IpAddress& dst, const wire::IpAddress& gateway);
  /// A default router advertised itself (RFC 4861 6.3.4); a lifetime of zero takes it away.
  void advertised(const wire::IpAddress& router, Duration lifetime, Instant now);
  /// An on-link prefix was advertised; empty lifetime: for ever.
  void on_link(const wire::IpPrefix& prefix, std::optional<Duration> lifetime, Instant now);
  /// The address is no router any more (RFC 4861 7.2.5).
  void no_router(const wire::IpAddress& address);
  /// Nobody answers at `next_hop`: other routers come first now, redirects to it are forgotten.
  /// True: it was one that packets went through.
  bool failed(const wire::IpAddress& next_hop);
  /// `next_hop` has answered.
  void answered(const wire::IpAddress& next_hop);

  void expire(Instant now, const std::function<void(std::string_view rule)>& trace);
  std::optional<Instant> next_deadline() const { return next_deadline_; }

 private:
  struct Router {
    wire::IpAddress address;
    std::optional<Instant> until;  // empty: configured
    bool silent = false;
  };
  struct Prefix {
    wire::IpPrefix prefix;
    std::optional<Instant> until;
  };

  const Router* default_router(wire::Family family) const;
  void forget_redirects_to(const wire::IpAddress& gateway);
  void reschedule();

  const Interface& interface_;
  std::vector<Router> routers_;  // the one to use first in front
  std::vector<Prefix> prefixes_;
  std::unordered_map<wire::IpAddress, wire::IpAddress, AddressHash> redirects_;
  std::optional<Instant> next_deadline_;
};

}  // namespace tcproof::ip
