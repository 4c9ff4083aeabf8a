// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "stack/ip/interface.h"
#include "stack/ip/neighbour_table.h"
#include "stack/ip/pending_frames.h"
#include "stack/wire/arp.h"

namespace tcproof::ip {

/// Address resolution for IPv4 (RFC 826, RFC 1122 2.3.2): answers for our address, finds the link
/// address of others, holds packets back meanwhile.
class Arp {
 public:
  static constexpr Duration request_interval = 1s;  // RFC 1122 2.3.2.1: at most one a second
  static constexpr unsigned max_requests = 3;
  static constexpr Duration lifetime = 60s;  // RFC 1122 2.3.2.1: of the order of a minute

  /// Both outlive this object; `interface` has an IPv4 address.
  Arp(const Interface& interface, FrameSink& sink) : interface_(interface), sink_(sink) {}

  /// What followed an Ethernet header of type ARP.
  void input(wire::Bytes packet, Instant now);
  /// `frame` is complete but for its destination; it goes out at once or when `next_hop` has
  /// answered.
  void send(wire::MutableBytes frame, const wire::IpAddress& next_hop, Instant now);

  void advance(Instant now);
  std::optional<Instant> next_deadline() const { return table_.next_deadline(); }
  void flush() { table_.clear(); }
  /// An upper layer makes no progress through `gateway`: it is asked for anew with the next packet
  /// (RFC 1122 3.3.1.4).
  void doubt(const wire::IpAddress& gateway);
  std::optional<wire::MacAddress> lookup(const wire::IpAddress& address, Instant now) const;

 private:
  struct Entry {
    std::optional<wire::MacAddress> mac;
    Instant heard{};  // when `mac` was last heard of
    std::optional<Instant> last_request;
    unsigned requests = 0;       // of the resolution under way
    std::optional<Instant> due;  // next request or giving up
    PendingFrames pending;
  };

  std::string_view reason_to_drop(const wire::ArpView& packet) const;
  bool merge(const wire::ArpView& packet, Instant now);
  void reply(const wire::ArpView& request);
  void request(const wire::IpAddress& target, Entry& entry, Instant now);
  void transmit(const wire::ArpHeader& header, const wire::MacAddress& dst);

  const Interface& interface_;
  FrameSink& sink_;
  NeighbourTable<Entry> table_;
};

}  // namespace tcproof::ip
