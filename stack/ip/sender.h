// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "stack/ip/arp.h"
#include "stack/ip/interface.h"
#include "stack/ip/nd.h"

namespace tcproof::ip {

/// What the upper layer says about a packet it sends.
struct Outgoing {
  wire::IpAddress dst;  // its family decides; the source is our address of that family
  std::uint8_t protocol = 0;
  std::uint8_t ttl = 64;
  std::uint8_t tos = 0;
  bool df = false;
};

enum class Sent : std::uint8_t {
  ok,        // on the wire, or waiting for the link address
  no_route,  // no address of that family, or no router
  too_long,  // beyond 65535 octets, or beyond the MTU with `df`
};

/// Puts IP and Ethernet headers before a payload and finds the way out: source fragmentation, next
/// hop, link address. The payload is written once, behind room for the headers, so nothing is
/// copied or allocated.
class Sender {
 public:
  /// All outlive this object. `secret` seeds the identifications.
  Sender(const Interface& interface, Arp& arp, Nd& nd, FrameSink& sink, std::uint64_t secret);

  /// Where `size` octets of payload go; valid until the next call of either function.
  wire::MutableBytes payload(std::size_t size);
  /// Sends the payload written last. Its upper-layer checksum is the caller's.
  Sent send(const Outgoing& packet, Instant now);

 private:
  Sent send_whole(const Outgoing& packet, const wire::IpAddress& next_hop, Instant now);
  Sent send_fragments(const Outgoing& packet, const wire::IpAddress& next_hop, Instant now);
  void write_v4(wire::MutableBytes packet, const Outgoing& about, std::uint16_t id,
                std::size_t offset, bool more) const;
  void write_v6(wire::MutableBytes packet, const Outgoing& about, std::uint8_t next_header) const;
  void transmit(wire::MutableBytes frame, const wire::IpAddress& dst,
                const wire::IpAddress& next_hop, Instant now);
  std::uint16_t next_id_v4();

  const Interface& interface_;
  Arp& arp_;
  Nd& nd_;
  FrameSink& sink_;
  wire::Buffer buffer_, fragment_;
  std::size_t size_ = 0;  // of the payload
  std::uint16_t id_v4_;
  std::uint32_t id_v6_;
};

}  // namespace tcproof::ip
