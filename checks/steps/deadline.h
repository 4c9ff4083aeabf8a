// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checks/steps/world.h"

namespace tcproof::checks {

/// The end of a wait for frames: a time, or "now", the fence. On real targets a fence also follows
/// a time, so that a frame stamped in time and read late still counts.
class Deadline {
 public:
  static Deadline at(Instant limit) { return Deadline(limit); }
  static Deadline now() { return Deadline({}); }

  /// What to wait for; empty once all that could come in time has come.
  std::optional<Want> wait(const World& world);
  /// `sighting` came in time.
  bool covers(const Sighting& sighting) const;
  bool is_now() const { return !limit_; }
  const std::optional<Instant>& limit() const { return limit_; }

 private:
  explicit Deadline(std::optional<Instant> limit) : limit_(limit) {}

  std::optional<Instant> limit_;
  std::optional<std::size_t> fences_before_;
  std::optional<std::size_t> closed_;  // index of the event that ended it
};

}  // namespace tcproof::checks
