// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "stack/ip/interface.h"
#include "stack/ip/neighbour_table.h"
#include "stack/ip/packet.h"
#include "stack/ip/pending_frames.h"
#include "stack/wire/nd.h"

namespace tcproof::ip {

/// Why a neighbour discovery message with a right checksum is not valid, as a rule; empty if it is
/// (RFC 4861 6.1, 7.1 and 8.1 as far as they are the same, RFC 6980 5).
std::string_view reason_to_drop(const Packet& packet, const wire::NdView& message);

/// The neighbours of a host (RFC 4861 7.2, 7.3): answers for our address, finds the link address of
/// others, holds packets back meanwhile, and asks again when a neighbour has been silent for long.
class Nd {
 public:
  // RFC 4861 10. REACHABLE_TIME is not randomised: equal runs stay equal.
  static constexpr Duration delay_first_probe_time = 5s;
  static constexpr unsigned max_solicitations = 3;  // MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT

  enum class State : std::uint8_t { incomplete, reachable, stale, delay, probe };
  /// What a router advertisement may change (RFC 4861 6.3.2).
  struct Timers {
    Duration reachable = 30s;
    Duration retransmit = 1s;
  };

  /// Both outlive this object; `interface` has an IPv6 address.
  Nd(const Interface& interface, FrameSink& sink) : interface_(interface), sink_(sink) {}

  // Valid messages.
  void solicitation(const Packet& packet, const wire::NdView& message, Instant now);
  /// True: the neighbour said that it is no router any more (RFC 4861 7.2.5).
  bool advertisement(const wire::NdView& message, Instant now);
  /// A router advertisement, a solicitation or a redirect told `mac`: STALE if that is news. Empty
  /// `is_router`: it did not say (RFC 4861 6.3.4, 8.3).
  void learn(const wire::IpAddress& address, const wire::MacAddress& mac,
             std::optional<bool> is_router, Instant now);

  /// `frame` is complete but for its destination; it goes out at once or when `next_hop` has
  /// answered.
  void send(wire::MutableBytes frame, const wire::IpAddress& next_hop, Instant now);
  /// An upper layer has seen progress that went through `next_hop` (RFC 4861 7.3.1).
  void confirm(const wire::IpAddress& next_hop, Instant now);
  /// An upper layer makes no progress through it.
  void doubt(const wire::IpAddress& next_hop);
  void set_timers(const Timers& timers) { timers_ = timers; }
  const Timers& timers() const { return timers_; }

  void advance(Instant now);
  std::optional<Instant> next_deadline() const { return table_.next_deadline(); }
  void flush() { table_.clear(); }
  std::optional<State> state(const wire::IpAddress& address) const;

 private:
  struct Entry {
    State state = State::incomplete;
    wire::MacAddress mac;
    bool is_router = false;
    Instant heard{};             // when it last told us anything
    unsigned solicited = 0;      // solicitations sent in INCOMPLETE or PROBE
    std::optional<Instant> due;  // INCOMPLETE, DELAY, PROBE: what comes next
    PendingFrames pending;
  };

  bool update(const wire::IpAddress& target, Entry& entry, const wire::NdView& message,
              Instant now);
  void resolved(const wire::IpAddress& address, Entry& entry, const wire::MacAddress& mac,
                State state, Instant now);
  void advertise(const wire::IpAddress& dst, bool solicited, Instant now);
  void solicit(const wire::IpAddress& target, const Entry& entry);
  bool step(const wire::IpAddress& address, Entry& entry, Instant now);

  const Interface& interface_;
  FrameSink& sink_;
  Timers timers_;
  NeighbourTable<Entry> table_;
};

}  // namespace tcproof::ip
