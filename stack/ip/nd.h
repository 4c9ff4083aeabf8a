// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <unordered_map>

#include "stack/ip/address_hash.h"
#include "stack/ip/interface.h"
#include "stack/ip/packet.h"
#include "stack/ip/pending_frames.h"
#include "stack/wire/nd.h"

namespace tcproof::ip {

/// Neighbour discovery of a host (RFC 4861 7.2, 7.3): answers for our address, finds the link
/// address of others, holds packets back meanwhile, and asks again when a neighbour has been silent
/// for long. Router advertisements and redirects are ignored; routers come from the configuration.
class Nd {
 public:
  // RFC 4861 10. REACHABLE_TIME is not randomised: equal runs stay equal.
  static constexpr Duration retrans_timer = 1s;
  static constexpr Duration reachable_time = 30s;
  static constexpr Duration delay_first_probe_time = 5s;
  static constexpr unsigned max_multicast_solicit = 3;
  static constexpr unsigned max_unicast_solicit = 3;
  static constexpr std::size_t max_entries = 512;

  enum class State : std::uint8_t { incomplete, reachable, stale, delay, probe };

  /// Both outlive this object; `interface` has an IPv6 address.
  Nd(const Interface& interface, FrameSink& sink) : interface_(interface), sink_(sink) {}

  /// An ICMPv6 message of types 133 to 137 with a right checksum.
  void input(const Packet& packet, Instant now);
  /// `frame` is complete but for its destination; it goes out at once or when `next_hop` has
  /// answered.
  void send(wire::MutableBytes frame, const wire::IpAddress& next_hop, Instant now);

  void advance(Instant now);
  std::optional<Instant> next_deadline() const { return next_deadline_; }
  void flush();
  std::optional<State> state(const wire::IpAddress& address) const;

 private:
  struct Entry {
    State state = State::incomplete;
    wire::MacAddress mac;
    Instant heard{};             // when it last told us anything
    unsigned solicited = 0;      // solicitations sent in INCOMPLETE or PROBE
    std::optional<Instant> due;  // INCOMPLETE, DELAY, PROBE: what comes next
    PendingFrames pending;
  };
  using Entries = std::unordered_map<wire::IpAddress, Entry, AddressHash>;

  std::string_view reason_to_drop(const Packet& packet, const wire::NdView& message) const;
  void solicitation(const Packet& packet, const wire::NdView& message, Instant now);
  void advertisement(const wire::NdView& message, Instant now);
  void update(Entry& entry, const wire::NdView& message, Instant now);
  void resolved(Entry& entry, const wire::MacAddress& mac, State state, Instant now);
  void advertise(const wire::IpAddress& dst, bool solicited, Instant now);
  void solicit(const wire::IpAddress& target, const Entry& entry);
  bool step(const wire::IpAddress& address, Entry& entry, Instant now);
  Entry& find_or_make(const wire::IpAddress& address);
  void reschedule();

  const Interface& interface_;
  FrameSink& sink_;
  Entries entries_;
  std::optional<Instant> next_deadline_;
};

}  // namespace tcproof::ip
