// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "stack/ip/address_check.h"
#include "stack/ip/arp.h"
#include "stack/ip/icmp.h"
#include "stack/ip/interface.h"
#include "stack/ip/nd.h"
#include "stack/ip/options_v4.h"
#include "stack/ip/packet.h"
#include "stack/ip/path_mtu.h"
#include "stack/ip/reassembly.h"
#include "stack/ip/router_discovery.h"
#include "stack/ip/routes.h"
#include "stack/ip/sender.h"
#include "stack/wire/ethernet.h"

namespace tcproof::ip {

/// What the internet layer hands up and out. Only packet(), error(), packet_too_big() and
/// path_mtu_changed() may call back into the layer: to send, and packet_too_big() by
/// learn_path_mtu().
class Upper {
 public:
  virtual ~Upper() = default;
  /// Whole and for us, of protocol TCP or UDP. Its checksum has not been looked at.
  virtual void packet(const Packet& packet, Instant now) = 0;
  virtual void error(const ErrorReport& report, Instant now) = 0;
  /// The path is said to carry no more than `mtu`, which is less than was thought; `report` quotes
  /// a TCP segment. If the connection believes it, it says so by Layer::learn_path_mtu() (RFC 5927).
  virtual void packet_too_big(const ErrorReport& report, std::uint32_t mtu, Instant now) = 0;
  /// Whether the datagram that `report` quotes may have been sent (RFC 8201 4).
  virtual bool may_have_sent(const ErrorReport& report) const = 0;
  /// Packets to `remote` may be this large now; nothing is known to be lost. The unspecified address
  /// stands for all of its family.
  virtual void path_mtu_changed(const wire::IpAddress& remote) = 0;
  /// Somebody answered a ping of ours.
  virtual void echo_reply(const Packet& packet, std::uint16_t sequence) = 0;
  virtual void frame(wire::Bytes frame) = 0;
  virtual void trace(std::string_view rule) = 0;
};

/// What can be configured about the internet layer.
struct Settings {
  std::uint64_t secret = 0;  // seeds identifications, flow labels and start-up delays
  bool answer_echo = true;
  bool path_mtu_discovery = true;
  std::optional<Duration> path_mtu_lifetime = 10min;  // empty: for ever (RFC 1191 6.3)
  unsigned errors_per_second = 100;                   // RFC 4443 2.4 (f)
  /// When the interface comes up: the IPv6 address is checked for duplicates and routers are asked
  /// for. Empty: it has been up for long, and the address has passed.
  std::optional<Instant> starts_at;
};

/// The internet layer of a host on one Ethernet link: ARP and ND, IPv4 and IPv6 with fragments,
/// ICMP, path MTU discovery, routers and redirects.
class Layer : private FrameSink {
 public:
  /// `upper` outlives this object.
  Layer(const Interface& interface, const Settings& settings, Upper& upper);

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
  void flush_path_mtu();

  const Interface& interface() const { return interface_; }
  /// Until a router advertises another hop limit (RFC 4861 6.3.4).
  void set_default_ttl(std::uint8_t ttl) { interface_.ttl = interface_.hop_limit = ttl; }
  bool has_route(const wire::IpAddress& dst) const;
  /// The largest packet that reaches `dst` whole, as far as is known.
  std::uint32_t path_mtu(const wire::IpAddress& dst) const { return sender_.path_mtu(dst); }
  /// An upper layer believes packet_too_big().
  void learn_path_mtu(const wire::IpAddress& dst, std::uint32_t mtu, Instant now);
  /// Advice of upper layers about the way to `dst` (RFC 1122 3.3.1.4, RFC 4861 7.3.1): there is
  /// progress, or there is none.
  void progress(const wire::IpAddress& dst, Instant now);
  void no_progress(const wire::IpAddress& dst);

 private:
  void frame(wire::Bytes frame) override;
  void trace(std::string_view rule) override;
  void unresolved(wire::Bytes packet, Instant now) override;
  void silent(const wire::IpAddress& next_hop) override;
  void answered(const wire::IpAddress& next_hop) override { routes_.answered(next_hop); }

  bool link_accepts(const wire::EthernetView& frame) const;
  void arrive(const Arrival& arrival, Instant now);
  void reassemble(Reassembler& reassembler, const Fragment& fragment, bool group, Instant now);
  void deliver(const Packet& packet, Instant now);
  void icmp(const Packet& packet, Instant now);
  void icmpv6(const Packet& packet, Instant now);
  void neighbour_discovery(const Packet& packet, Instant now);
  void redirect_v4(const Packet& packet, const wire::IcmpView& message);
  void answer_echo(const Packet& packet, std::uint8_t type, Instant now);
  void answer_timestamp(const Packet& packet, const wire::IcmpView& request, Instant now);
  void echo_answered(const Packet& packet, const wire::IcmpView& message);
  void incoming_error(const Packet& packet, const wire::IcmpView& message, Instant now);
  void too_big(const ErrorReport& report, Instant now);
  bool may_have_sent(const ErrorReport& report) const;
  void protocol_unreachable(const Packet& packet, Instant now);
  void answer_error(const Packet& packet, const wire::IcmpHeader& error, Instant now);
  void expire(wire::Family family, Instant now);
  void send_icmp(const wire::IpAddress& dst, wire::IcmpHeader header, wire::Bytes body,
                 const OptionsV4& options, Instant now);
  bool may_send_error(Instant now);

  /// The latest ICMP messages other than errors, for what quotes them (RFC 8201 4).
  struct SentMessage {
    wire::IpAddress dst;
    std::uint32_t word = 0;
    std::uint8_t type = 0;
  };

  Interface interface_;
  Settings settings_;
  Upper& upper_;
  Arp arp_;
  Nd nd_;
  Routes routes_;
  PathMtu path_mtu_;
  Sender sender_;
  RouterDiscovery router_discovery_;
  AddressCheck address_check_;
  Reassembler reassembler_v4_{Reassembler::Overlap::first_wins};
  Reassembler reassembler_v6_{Reassembler::Overlap::discard_packet};
  Instant errors_since_{};  // RFC 4443 2.4 (f): the second that errors are counted in
  unsigned errors_sent_ = 0;
  std::array<SentMessage, 16> sent_messages_{};
  std::size_t next_sent_message_ = 0;
  std::uint16_t ping_sequence_ = 0;
};

}  // namespace tcproof::ip
