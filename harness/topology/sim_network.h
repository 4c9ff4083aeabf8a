// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "checks/network.h"
#include "harness/topology/impairer.h"
#include "harness/topology/sim_router.h"
#include "stack/link/simulator.h"
#include "stack/wire/bytes.h"
#include "stack/wire/time.h"

namespace tcproof::harness {

/// A checks::Network on a simulator: links with their impairments, routers, and the two places
/// where it meets the world. The tester has no machine of its own here: its frames are put on a
/// link, and what reaches it is only seen.
class SimNetwork {
 public:
  struct Output {
    /// The target or a router has put this frame on `link`; before impairment.
    std::function<void(checks::LinkId link, checks::HostId from, wire::Bytes frame)> seen;
    /// The frame has reached the target. Never called from within put().
    std::function<void(wire::Bytes frame)> to_target;
    /// The frame has reached the tester: after impairment. May be empty.
    std::function<void(checks::LinkId link, wire::Bytes frame)> to_tester;
  };

  /// All three outlive the network. Every draw comes from `seed`, `case_id` and the link's name.
  SimNetwork(const checks::Network& network, link::Simulator& simulator, std::uint64_t seed,
             std::string_view case_id, Output output);
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  /// A frame that a step or the tester's host sends as `from`: not reported as seen.
  void put(checks::LinkId link, checks::HostId from, wire::Bytes frame);
  /// A frame that the target sends on its link: seen, then on its way.
  void put_by_target(wire::Bytes frame);

  /// Frames that have been put on a link and have neither arrived nor been lost.
  std::size_t in_flight() const;

 private:
  /// One direction of a link: what happens to frames on their way to one end.
  struct Direction {
    checks::LinkId link = 0;
    checks::HostId to = 0;
    bool plain = true;  // nothing is impaired
    Impairer impairer;
  };

  void make_router(checks::HostId host);
  void announce(checks::LinkId link, checks::HostId from, wire::Buffer frame);
  void travel(Direction& direction, wire::Buffer frame);
  void pump(Direction& direction);
  void arrive(const Direction& direction, wire::Bytes frame);

  const checks::Network& network_;
  link::Simulator& simulator_;
  Output output_;
  std::vector<Direction> directions_;
  std::vector<std::unique_ptr<SimRouter>> routers_;  // index is HostId; null: not a router
  std::size_t crossing_ = 0;                         // frames on plain links
};

}  // namespace tcproof::harness
