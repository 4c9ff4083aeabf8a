// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/clock_watch.h"

#include <chrono>

#include "stack/link/packet_socket.h"

namespace tcproof::harness {
namespace {

/// A step smaller than this cannot change a verdict: tolerances are milliseconds.
constexpr Duration smallest_step = 1ms;
constexpr Duration close_enough = 50us;
constexpr int readings = 4;

Duration steady_now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace

ClockWatch::Reading ClockWatch::read() {
  Reading best{};
  for (int i = 0; i < readings; ++i) {
    const Duration before = steady_now();
    const Instant wall = link::wall_clock();
    const Duration width = steady_now() - before;
    if (i == 0 || width < best.width) best = {wall, before, width};
    if (best.width < close_enough) break;
  }
  return best;
}

std::optional<Duration> ClockWatch::stepped(const Reading& now) const {
  const Duration step = (now.wall - first_.wall) - (now.steady - first_.steady);
  const Duration doubt = first_.width + now.width + smallest_step;
  if (step > doubt || step < -doubt) return step;
  return {};
}

}  // namespace tcproof::harness
