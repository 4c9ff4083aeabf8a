// SPDX-License-Identifier: Apache-2.0
#include "checks/timing.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tcproof::checks {
namespace {

Duration scaled(Duration duration, double factor) {
  return Duration(std::llround(static_cast<double>(duration.count()) * factor));
}

/// The nominal lengths that `wanted` allows.
Interval allowed(const Gap& wanted, const std::optional<Interval>& previous) {
  if (!wanted.ratio) return {wanted.low, wanted.high};
  const Interval before = previous.value_or(Interval{});
  return {scaled(before.low, wanted.low_ratio), scaled(before.high, wanted.high_ratio)};
}

}  // namespace

Interval nominal(Duration gap, const Timing& timing) {
  return {scaled(gap - timing.late, 1 / (1 + timing.late_ratio)), gap + timing.early};
}

std::optional<Interval> judge_gap(const Gap& wanted, Duration measured,
                                  const std::optional<Interval>& previous, const Timing& timing) {
  if (wanted.ratio && !previous) return {};
  const Interval stands_for = nominal(measured, timing);
  const Interval fits = allowed(wanted, previous);
  const Interval both{std::max(stands_for.low, fits.low), std::min(stands_for.high, fits.high)};
  if (both.low > both.high) return {};
  return wanted.ratio ? both : stands_for;
}

Duration longest_gap(const Gap& wanted, const std::optional<Interval>& previous,
                     const Timing& timing) {
  return scaled(allowed(wanted, previous).high, 1 + timing.late_ratio) + timing.late;
}

std::string print(Duration duration) {
  struct Unit {
    double ns;
    const char* name;
  };
  const double ns = static_cast<double>(duration.count());
  for (const Unit unit : {Unit{1e9, "s"}, Unit{1e6, "ms"}, Unit{1e3, "us"}}) {
    if (std::abs(ns) >= unit.ns) return fmt::format("{:.6g} {}", ns / unit.ns, unit.name);
  }
  return fmt::format("{} ns", duration.count());
}

}  // namespace tcproof::checks
