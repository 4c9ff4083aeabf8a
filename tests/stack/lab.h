// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stack/host.h"
#include "stack/link/fault_link.h"
#include "stack/link/sim_link.h"
#include "stack/link/simulator.h"
#include "stack/wire/frame.h"

namespace tcproof::stack::test {

/// A host with the frames, transitions and notes that it has given out.
class LabHost {
 public:
  explicit LabHost(const HostConfig& config)
      : host_(config, {[this](wire::Bytes octets) { sent(octets); },
                       [this](ConnectionId id, tcp::State from, tcp::State to, std::string_view) {
                         transitions.push_back({id, from, to});
                       },
                       [this](std::string_view rule) { notes.emplace_back(rule); }}) {}

  void plug(link::Link& link) { link_ = &link; }
  Host& host() { return host_; }
  Host* operator->() { return &host_; }

  bool noted(std::string_view part) const {
    return std::ranges::any_of(
        notes, [&](const std::string& note) { return note.find(part) != std::string::npos; });
  }

  struct Transition {
    ConnectionId id = 0;
    tcp::State from{}, to{};
  };
  std::vector<wire::Buffer> frames;
  std::vector<Transition> transitions;
  std::vector<std::string> notes;

 private:
  void sent(wire::Bytes octets) {
    frames.emplace_back(octets.begin(), octets.end());
    if (link_ != nullptr) link_->send(octets);
  }
  Host host_;
  link::Link* link_ = nullptr;
};

inline constexpr wire::MacAddress mac_a{{2, 0, 0, 0, 0, 1}};
inline constexpr wire::MacAddress mac_b{{2, 0, 0, 0, 0, 2}};
inline const wire::IpAddress v4_a = wire::IpAddress::v4(192, 0, 2, 1);
inline const wire::IpAddress v4_b = wire::IpAddress::v4(192, 0, 2, 2);
inline const wire::IpAddress v6_a = *wire::parse_ip("2001:db8::1");
inline const wire::IpAddress v6_b = *wire::parse_ip("2001:db8::2");

inline HostConfig config_a() {
  HostConfig config;
  config.mac = mac_a;
  config.v4 = wire::IpPrefix{v4_a, 24};
  config.v6 = wire::IpPrefix{v6_a, 64};
  config.secret = 0x1234567890abcdef;
  return config;
}
inline HostConfig config_b() {
  HostConfig config = config_a();
  config.mac = mac_b;
  config.v4 = wire::IpPrefix{v4_b, 24};
  config.v6 = wire::IpPrefix{v6_b, 64};
  config.secret = 0xfedcba0987654321;
  return config;
}

/// Two hosts on a simulated cable, in virtual time.
class Lab {
 public:
  explicit Lab(const link::Faults& faults = {}, std::uint64_t seed = 1,
               const link::Direction& direction = {})
      : cable_(simulator, 1500, direction, direction),
        fault_a_(simulator, cable_.a(), faults, seed),
        fault_b_(simulator, cable_.b(), faults, ~seed),
        a(config_a()),
        b(config_b()) {
    join(a, fault_a_);
    join(b, fault_b_);
  }

  Instant now() const { return simulator.now(); }
  /// Lets `duration` pass, everything happening that falls into it.
  void run(Duration duration) {
    const Instant end = now() + duration;
    for (;;) {
      const auto next = earliest({simulator.next_event(), a->next_deadline(), b->next_deadline()});
      if (!next || *next > end) break;
      simulator.advance(std::max(*next, now()));
      a->advance(now());
      b->advance(now());
    }
    simulator.advance(end);
  }
  /// Everything that needs no timer.
  void settle() { run(Duration::zero()); }

 private:
  static std::optional<Instant> earliest(std::initializer_list<std::optional<Instant>> times) {
    std::optional<Instant> first;
    for (const auto& time : times) {
      if (time && (!first || *time < *first)) first = time;
    }
    return first;
  }
  void join(LabHost& host, link::Link& link) {
    host.plug(link);
    link.on_receive([this, &host](wire::Bytes frame) { host->input(frame, now()); });
  }

 public:
  link::Simulator simulator;

 private:
  link::SimLink cable_;
  link::FaultLink fault_a_, fault_b_;

 public:
  LabHost a, b;
};

}  // namespace tcproof::stack::test
