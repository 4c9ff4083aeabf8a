// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_set>

#include "checks/case.h"
#include "checks/trace.h"
#include "stack/tcp/connection.h"
#include "tests/property/scenario.h"

namespace tcproof::property {

/// What a tester right beside one of the two stacks would have seen: that stack is the target, the
/// frames that reach it are the tester's. So the invariants of checks/ judge a conversation of two
/// stacks like any case, from both sides.
class Recorder {
 public:
  /// `target` is the side that is judged; its ports and those of the other are fixed.
  Recorder(const Scenario& scenario, const SideScenario& target, const SideScenario& tester);

  /// The target is told to OPEN, and will be told to SEND all that it ever sends.
  void opens(Instant at);
  void sends(wire::Bytes frame, Instant at);
  /// A frame reaches the target. What the path has changed is left out, as the target takes it for
  /// noise: `original` tells.
  void gets(wire::Bytes frame, Instant at, bool original);
  void changes(tcp::State to, Instant at);

  /// What the first invariant that is broken says; empty: all hold.
  std::string breach() const;

  static constexpr std::uint16_t port_a = 40001, port_b = 5001;

 private:
  checks::Case case_;
  checks::Trace trace_;
};

/// The frames that a side has sent, to tell those that the path has changed. What no checksum covers
/// and no receiver looks at does not count: the first words of an IPv6 header and its hop limit.
class Originals {
 public:
  void add(wire::Bytes frame) { hashes_.insert(hash(frame)); }
  bool has(wire::Bytes frame) const { return hashes_.contains(hash(frame)); }

 private:
  static std::size_t hash(wire::Bytes frame);
  std::unordered_set<std::size_t> hashes_;
};

}  // namespace tcproof::property
