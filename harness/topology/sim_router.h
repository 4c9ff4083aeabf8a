// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "checks/network.h"
#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/time.h"

namespace tcproof::harness {

/// A router of a simulated network (RFC 1812, RFC 8200, RFC 4443 as far as a path test can see it):
/// forwards between its links, counts down TTL and hop limit, fragments IPv4 where it may, says in
/// ICMP why it dropped a packet unless its behaviour is to keep quiet, and answers ARP, neighbour
/// solicitations and echo requests for its own addresses. Its neighbours and routes are known from
/// the network; it never asks.
class SimRouter {
 public:
  /// What the router puts on one of its links.
  using Output = std::function<void(checks::LinkId link, wire::Buffer frame)>;
  using Clock = std::function<Instant()>;

  /// `network` outlives the router, `self` is a forwarding host of it. `clock` is for its ICMP rate
  /// limit, if it has one.
  SimRouter(const checks::Network& network, checks::HostId self, Output output, Clock clock = {});

  /// Any octets that arrived on `link`; what is malformed or for somebody else is dropped in
  /// silence.
  void on_frame(checks::LinkId link, wire::Bytes frame);

 private:
  struct Hop {
    checks::LinkId link = 0;
    wire::MacAddress mac;  // of the host itself or of the next router
  };
  enum class NoWay : std::uint8_t { no_route, no_host };
  struct Route {
    std::optional<Hop> hop;
    NoWay why = NoWay::no_route;
  };
  struct Prefix {
    wire::IpPrefix prefix;
    checks::LinkId link = 0;                // where to send
    std::optional<checks::HostId> gateway;  // empty: the prefix is on that link
  };

  void find_routes();
  void on_arp(checks::LinkId link, wire::Bytes frame);
  void on_ipv4(checks::LinkId link, wire::Bytes packet);
  void on_ipv6(checks::LinkId link, wire::Bytes packet);
  bool on_solicitation(checks::LinkId link, const wire::MacAddress& from, wire::Bytes packet);
  void on_own_packet(wire::Bytes packet, wire::Family family);
  void forward_ipv4(checks::LinkId in, const Hop& hop, wire::Bytes packet);
  void forward_ipv6(checks::LinkId in, const Hop& hop, wire::Bytes packet);
  void fragment(const Hop& hop, wire::Bytes packet);
  void put_packet(const Hop& hop, wire::Family family, wire::Bytes packet);
  void report_ipv4(checks::LinkId in, std::uint8_t type, std::uint8_t code, std::uint32_t mtu,
                   wire::Bytes dropped);
  void report_ipv6(checks::LinkId in, std::uint8_t type, std::uint8_t code, std::uint32_t mtu,
                   wire::Bytes dropped);
  void clamp_mss(wire::MutableBytes tcp) const;

  Route route(const wire::IpAddress& to) const;
  bool is_mine(const wire::IpAddress& address) const;
  std::optional<wire::IpAddress> own_address(checks::LinkId link, wire::Family family) const;
  const checks::LinkEnd* end_on(checks::LinkId link, checks::HostId host) const;
  const checks::NetworkHost& me() const { return network_.hosts[self_]; }
  std::uint32_t told_mtu(std::uint32_t true_mtu) const;
  bool may_speak();

  const checks::Network& network_;
  checks::HostId self_;
  Output output_;
  std::vector<Prefix> routes_;
  std::uint16_t next_id_ = 1;
  Clock clock_;
  double tokens_ = 0;  // errors that the rate limit allows at once
  Instant tokens_at_{};
};

}  // namespace tcproof::harness
