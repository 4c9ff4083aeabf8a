// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "stack/ip/interface.h"
#include "stack/ip/nd.h"
#include "stack/ip/packet.h"
#include "stack/ip/routes.h"
#include "stack/wire/nd.h"

namespace tcproof::ip {

/// What a host learns from IPv6 routers (RFC 4861 6.3, 8.3): routers, on-link prefixes, hop limit,
/// MTU and timers, and better next hops. Asks for routers if told to.
class RouterDiscovery {
 public:
  // RFC 4861 10.
  static constexpr Duration solicitation_interval = 4s;
  static constexpr unsigned max_solicitations = 3;

  /// All outlive this object.
  RouterDiscovery(Interface& interface, Routes& routes, Nd& nd, FrameSink& sink)
      : interface_(interface), routes_(routes), nd_(nd), sink_(sink) {}

  /// Up to three solicitations, the first at `first`.
  void start(Instant first) { due_ = first; }
  /// Valid as far as reason_to_drop() knows. True: the MTU of the link is another now.
  bool advertisement(const Packet& packet, const wire::NdView& message, Instant now);
  /// Valid as far as reason_to_drop() knows.
  void redirect(const Packet& packet, const wire::NdView& message, Instant now);

  void advance(Instant now);
  std::optional<Instant> next_deadline() const { return due_; }

 private:
  void adopt_parameters(const wire::NdView& message);
  void adopt_prefixes(const wire::NdView& message, Instant now);
  bool adopt_mtu(std::uint32_t mtu);
  void solicit();

  Interface& interface_;
  Routes& routes_;
  Nd& nd_;
  FrameSink& sink_;
  std::optional<Instant> due_;  // the next solicitation
  unsigned sent_ = 0;
};

}  // namespace tcproof::ip
