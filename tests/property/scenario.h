// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "stack/host.h"
#include "stack/link/fault_link.h"
#include "stack/link/sim_link.h"

namespace tcproof::property {

/// What one side's application does, and how its stack is made.
struct SideScenario {
  stack::HostConfig config;
  stack::Host::OpenOptions options;
  bool active = false;       // opens; else it waits for the other
  std::uint32_t octets = 0;  // to send in all
  std::uint32_t most_a_send = 1, most_a_read = 1;
  Duration read_pause{}, send_pause{};  // at most so long between two calls
  std::optional<Duration> aborts_at;
};

/// One conversation of two stacks, decided by a seed alone.
struct Scenario {
  std::uint64_t seed = 0;
  wire::Family family = wire::Family::v4;
  std::uint32_t mtu = 1500;
  link::Direction direction;
  link::Faults faults;
  std::optional<Duration> cut_at;  // from then on nothing arrives
  SideScenario a, b;

  /// In a line each, for the report of a failure.
  std::string describe() const;
};

Scenario make_scenario(std::uint64_t seed);

}  // namespace tcproof::property
