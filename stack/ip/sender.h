// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "stack/ip/arp.h"
#include "stack/ip/interface.h"
#include "stack/ip/nd.h"
#include "stack/ip/path_mtu.h"
#include "stack/ip/routes.h"

namespace tcproof::ip {

/// What the upper layer says about a packet it sends.
struct Outgoing {
  wire::IpAddress dst;  // its family decides; the source is our address of that family
  std::uint8_t protocol = 0;
  std::optional<std::uint8_t> ttl;  // empty: the interface's default
  std::uint8_t tos = 0;
  /// IPv4: DF is set if the path is thought to carry the packet whole. A larger one is fragmented
  /// here, without DF (RFC 1191 3); a packet with DF never is.
  bool df = false;
  /// IPv4: whole words; with a source route `dst` is its first hop.
  wire::Bytes options;
};

enum class Sent : std::uint8_t {
  ok,        // on the wire, or waiting for the link address
  no_route,  // no address of that family, or no router
  too_long,  // beyond 65535 octets
};

/// Puts IP and Ethernet headers before a payload and finds the way out: source fragmentation, next
/// hop, link address. The payload is written once, behind room for the headers, so nothing is
/// copied or allocated.
class Sender {
 public:
  /// Where packets go and how large they may be.
  struct Paths {
    const Routes& routes;
    const PathMtu& mtu;
    bool discovery;  // RFC 8201 4: without it no IPv6 packet is larger than 1280 octets
  };
  /// All outlive this object. `secret` seeds identifications and flow labels.
  Sender(const Interface& interface, const Paths& paths, Arp& arp, Nd& nd, FrameSink& sink,
         std::uint64_t secret);

  /// The largest packet that goes to `dst` whole.
  std::uint32_t path_mtu(const wire::IpAddress& dst) const;

  /// Where `size` octets of payload go; valid until the next call of either function.
  wire::MutableBytes payload(std::size_t size);
  /// Sends the payload written last. Its upper-layer checksum is the caller's.
  Sent send(const Outgoing& packet, Instant now);

 private:
  Sent send_whole(const Outgoing& packet, const wire::IpAddress& next_hop, Instant now);
  Sent send_fragments(const Outgoing& packet, std::uint32_t mtu, const wire::IpAddress& next_hop,
                      Instant now);
  struct Piece {
    std::uint16_t id = 0;
    std::size_t offset = 0;
    bool more = false, df = false;
    wire::Bytes options;
  };
  void write_v4(wire::MutableBytes packet, const Outgoing& about, const Piece& piece) const;
  void write_v6(wire::MutableBytes packet, const Outgoing& about, std::uint8_t next_header) const;
  void transmit(wire::MutableBytes frame, const wire::IpAddress& dst,
                const wire::IpAddress& next_hop, Instant now);
  std::uint32_t flow_label(const Outgoing& about) const;

  const Interface& interface_;
  Paths paths_;
  Arp& arp_;
  Nd& nd_;
  FrameSink& sink_;
  wire::Buffer buffer_, fragment_;
  std::size_t size_ = 0;  // of the payload
  std::uint64_t secret_;
  std::uint16_t id_v4_;
  std::uint32_t id_v6_;
};

}  // namespace tcproof::ip
