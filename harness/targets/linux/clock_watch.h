// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "stack/wire/time.h"

namespace tcproof::harness {

/// Notices that somebody sets the machine's clock while an attempt runs: frames are stamped with
/// CLOCK_REALTIME, so intervals across such a step are worthless. A clock that is only slewed runs
/// with CLOCK_MONOTONIC at the same pace and is none.
class ClockWatch {
 public:
  /// Both clocks at nearly the same moment.
  struct Reading {
    Instant wall;
    Duration steady;  // CLOCK_MONOTONIC
    Duration width;   // how far apart the two may have been read
  };
  static Reading read();

  explicit ClockWatch(const Reading& first) : first_(first) {}
  /// How far the clock was set between the first reading and this one; empty if not by more than
  /// measuring allows.
  std::optional<Duration> stepped(const Reading& now) const;

 private:
  Reading first_;
};

}  // namespace tcproof::harness
