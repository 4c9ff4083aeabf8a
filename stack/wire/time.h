// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace tcproof {

/// The only two time types. What an Instant counts from is its source's business: the start of the
/// run in virtual time, the epoch of CLOCK_REALTIME where the kernel stamps frames.
using Duration = std::chrono::nanoseconds;

struct Timeline {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Timeline>;
  static constexpr bool is_steady = true;
};
using Instant = Timeline::time_point;

using namespace std::chrono_literals;

}  // namespace tcproof
