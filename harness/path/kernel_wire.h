// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "harness/path/probe.h"
#include "harness/topology/netns.h"

namespace tcproof::harness {

/// Probes over what an ordinary user may open: datagram sockets that ignore the known path MTU
/// (IP_PMTUDISC_PROBE) and read their ICMP errors (IP_RECVERR), and ICMP echo sockets where the
/// sysctl net.ipv4.ping_group_range allows them. Sees no TCP, no fragments and no quotes.
class KernelWire final : public ProbeWire {
 public:
  static Tried<std::unique_ptr<KernelWire>> open(const wire::IpAddress& to, std::uint16_t udp_port);

  Instant now() const override;
  std::uint32_t first_mtu() const override { return mtu_; }
  wire::Family family() const override { return to_.family; }
  bool offers(Method method) const override;
  bool send(const Probe& probe, std::uint16_t number) override;
  std::optional<Heard> wait(Instant until) override;
  TcpPeer tcp_peer() const override { return {}; }

 private:
  struct Sent {
    Method method;
    std::uint32_t payload;
    Instant at;
  };
  KernelWire(const wire::IpAddress& to, std::uint32_t mtu, UniqueFd udp, UniqueFd echo)
      : to_(to), mtu_(mtu), udp_(std::move(udp)), echo_(std::move(echo)) {}
  void read_errors(const UniqueFd& socket, Method method);
  void read_answers(const UniqueFd& socket, Method method);
  void hear(std::uint16_t number, Answer answer);

  wire::IpAddress to_;
  std::uint32_t mtu_;
  UniqueFd udp_, echo_;
  std::map<std::uint16_t, Sent> sent_;
  std::deque<Heard> heard_;
};

}  // namespace tcproof::harness
