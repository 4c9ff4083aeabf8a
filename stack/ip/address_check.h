// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "stack/ip/interface.h"
#include "stack/ip/packet.h"
#include "stack/wire/nd.h"

namespace tcproof::ip {

/// Duplicate address detection (RFC 4862 5.4): until it is over the IPv6 address is tentative, and
/// one that somebody else has stays unused.
class AddressCheck {
 public:
  static constexpr unsigned transmits = 1;  // DupAddrDetectTransmits

  /// Both outlive this object.
  AddressCheck(Interface& interface, FrameSink& sink) : interface_(interface), sink_(sink) {}

  /// Makes the address tentative; the solicitation goes out at `first`, and `retransmit` after the
  /// last one the address is ours.
  void start(Instant first, Duration retransmit);

  /// True: the message was about the tentative or refused address, and is done with.
  bool solicitation(const Packet& packet, const wire::NdView& message);
  bool advertisement(const wire::NdView& message);

  void advance(Instant now);
  std::optional<Instant> next_deadline() const { return due_; }

 private:
  bool concerns(const wire::NdView& message) const;
  void duplicate(std::string_view rule);
  void solicit();

  Interface& interface_;
  FrameSink& sink_;
  Duration retransmit_{};
  std::optional<Instant> due_;
  unsigned sent_ = 0;
};

}  // namespace tcproof::ip
