// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "stack/ip/arp.h"
#include "stack/ip/icmp.h"
#include "stack/ip/interface.h"
#include "stack/ip/nd.h"
#include "stack/ip/packet.h"
#include "stack/ip/reassembly.h"
#include "stack/ip/sender.h"
#include "stack/wire/ethernet.h"

namespace tcproof::ip {

/// What the internet layer hands up and out. Only packet() and error() may call back into the
/// layer, to send.
class Upper {
 public:
  virtual ~Upper() = default;
  /// Whole and for us, of protocol TCP or UDP. Its checksum has not been looked at.
  virtual void packet(const Packet& packet, Instant now) = 0;
  virtual void error(const ErrorReport& report, Instant now) = 0;
  virtual void frame(wire::Bytes frame) = 0;
  virtual void trace(std::string_view rule) = 0;
};

/// The internet layer of a host on one Ethernet link: ARP and ND, IPv4 and IPv6 with fragments,
/// ICMP.
class Layer : private FrameSink {
 public:
  /// `upper` outlives this object. `secret` seeds the identifications of packets.
  Layer(const Interface& interface, std::uint64_t secret, bool answer_echo, Upper& upper);

  void input(wire::Bytes frame, Instant now);
  void advance(Instant now);
  std::optional<Instant> next_deadline() const;

  /// Where `size` octets of upper-layer payload go, until the next send().
  wire::MutableBytes payload(std::size_t size) { return sender_.payload(size); }
  Sent send(const Outgoing& packet, Instant now) { return sender_.send(packet, now); }
  /// Tells the sender of `packet`, a UDP datagram, that nobody listens there.
  void port_unreachable(const Packet& packet, Instant now);
  void ping(const wire::IpAddress& remote, std::size_t octets, Instant now);
  void flush_neighbours();

  const Interface& interface() const { return interface_; }

 private:
  void frame(wire::Bytes frame) override;
  void trace(std::string_view rule) override;
  void unresolved(wire::Bytes packet, Instant now) override;

  bool link_accepts(const wire::EthernetView& frame) const;
  void arrive(const Arrival& arrival, Instant now);
  void reassemble(Reassembler& reassembler, const Fragment& fragment, bool group, Instant now);
  void deliver(const Packet& packet, Instant now);
  void icmp(const Packet& packet, Instant now);
  void icmpv6(const Packet& packet, Instant now);
  void echo_reply(const Packet& packet, std::uint8_t type, Instant now);
  void incoming_error(const Packet& packet, const wire::IcmpView& message, Instant now);
  void protocol_unreachable(const Packet& packet, Instant now);
  void answer_error(const Packet& packet, const wire::IcmpHeader& error, Instant now);
  void expire(wire::Family family, Instant now);
  void send_icmp(const wire::IpAddress& dst, wire::IcmpHeader header, wire::Bytes body,
                 Instant now);
  bool may_send_error(Instant now);

  Interface interface_;
  Upper& upper_;
  bool answer_echo_;
  Arp arp_;
  Nd nd_;
  Sender sender_;
  Reassembler reassembler_v4_{Reassembler::Overlap::first_wins};
  Reassembler reassembler_v6_{Reassembler::Overlap::discard_packet};
  Instant errors_since_{};  // RFC 4443 2.4 (f): the second that errors are counted in
  unsigned errors_sent_ = 0;
  std::uint16_t ping_sequence_ = 0;
};

}  // namespace tcproof::ip
