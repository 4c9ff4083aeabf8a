// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "checks/network.h"
#include "harness/path/craft.h"
#include "harness/path/probe.h"
#include "harness/topology/sim_network.h"
#include "stack/host.h"
#include "stack/link/simulator.h"

namespace tcproof::harness {

/// Probes in virtual time: a simulated network with the embedded stack as target, which answers
/// echo, datagrams to closed ports, and a request on TCP port 80 with 64 KiB.
class SimWire final : public ProbeWire {
 public:
  SimWire(checks::Network network, wire::Family family, std::uint64_t seed)
      : model_(std::move(network)),
        family_(family),
        host_(host_config(model_), {.frame = [this](wire::Bytes f) { sim_->put_by_target(f); },
                                    .transition = {},
                                    .trace = {}}),
        craft_({.from = *model_.address(model_.tester, family),
                .to = *model_.address(model_.target, family),
                .from_port = 50000,
                .mtu = own_link().mtu},
               static_cast<std::uint32_t>(seed * 2654435761U)) {
    sim_ = std::make_unique<SimNetwork>(
        model_, simulator_, seed, model_.name,
        SimNetwork::Output{.seen = [](checks::LinkId, checks::HostId, wire::Bytes) {},
                           .to_target = [this](wire::Bytes f) { host_.input(f, now()); },
                           .to_tester = [this](checks::LinkId, wire::Bytes f) { take(f); }});
    server_ = host_.open_passive(family, 80, {}, now()).id;
  }

  Instant now() const override { return simulator_.now(); }
  std::uint32_t first_mtu() const override { return own_link().mtu; }
  wire::Family family() const override { return family_; }
  bool offers(Method) const override { return true; }
  TcpPeer tcp_peer() const override { return craft_.tcp_peer(); }

  bool send(const Probe& probe, std::uint16_t number) override {
    ++sent;
    if (probe.kind == Probe::Kind::sized && probe.size > first_mtu()) return false;
    for (const wire::Buffer& packet : craft_.make(probe, number, now())) put(packet);
    return true;
  }

  std::optional<Heard> wait(Instant until) override {
    while (heard_.empty()) {
      auto next = simulator_.next_event();
      const auto deadline = host_.next_deadline();
      if (deadline && (!next || *deadline < *next)) next = deadline;
      if (!next || *next > until) {
        simulator_.advance(until);
        return {};
      }
      simulator_.advance(std::max(*next, now()));
      host_.advance(now());
      serve();
    }
    const Heard first = heard_.front();
    heard_.pop_front();
    return first;
  }

  /// An IP packet that arrives here from nowhere.
  void inject(wire::Bytes packet) {
    if (const auto heard = craft_.read(packet, now())) heard_.push_back(*heard);
  }

  unsigned sent = 0;

 private:
  static stack::HostConfig host_config(const checks::Network& network) {
    const checks::NetworkLink& link = network.links[network.target_link()];
    stack::HostConfig config;
    config.mac = network.hosts[network.target].mac;
    config.mtu = link.mtu;
    for (const checks::LinkEnd& end : link.ends) {
      if (end.host == network.target) {
        config.v4 = end.v4;
        config.v6 = end.v6;
      } else {
        config.v4_router = end.v4->address;
        config.v6_router = end.v6->address;
      }
    }
    return config;
  }
  const checks::NetworkLink& own_link() const {
    return model_.links[model_.link_of(model_.tester)];
  }
  void put(wire::Bytes packet) {
    const checks::LinkId link = model_.link_of(model_.tester);
    const auto to =
        model_.next_hop_mac(model_.tester, link, *model_.address(model_.target, family_));
    wire::Buffer frame(to.octets.begin(), to.octets.end());
    const auto& own = model_.hosts[model_.tester].mac.octets;
    frame.insert(frame.end(), own.begin(), own.end());
    frame.push_back(family_ == wire::Family::v4 ? 0x08 : 0x86);
    frame.push_back(family_ == wire::Family::v4 ? 0x00 : 0xdd);
    frame.insert(frame.end(), packet.begin(), packet.end());
    sim_->put(link, model_.tester, frame);
  }
  void take(wire::Bytes frame) {
    if (frame.size() > 14) inject(frame.subspan(14));
    for (const wire::Buffer& packet : craft_.take_replies()) put(packet);
  }
  void serve() {
    wire::Buffer buffer(4096);
    std::size_t got = 0;
    if (host_.receive(server_, buffer, now(), got) == tcp::Error::none && got > 0) {
      to_send_ = 64 * 1024;
    }
    if (to_send_ == 0) return;
    const wire::Buffer page(to_send_, 'p');
    std::size_t taken = 0;
    host_.send(server_, page, true, false, now(), taken);
    to_send_ -= taken;
  }

  checks::Network model_;
  wire::Family family_;
  link::Simulator simulator_;
  std::unique_ptr<SimNetwork> sim_;
  stack::Host host_;
  Craft craft_;
  stack::ConnectionId server_ = 0;
  std::size_t to_send_ = 0;
  std::deque<Heard> heard_;
};

}  // namespace tcproof::harness
