// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "checks/case.h"

namespace tcproof::checks {

/// The nominal lengths that a measured gap may stand for, both ends included.
struct Interval {
  Duration low{}, high{};
  bool operator==(const Interval&) const = default;
};

/// N(g) of docs/case-language.md 3: a timer of nominal length T fires between T - early and
/// T * (1 + late_ratio) + late, so a gap g stands for [ (g - late) / (1 + late_ratio), g + early ].
Interval nominal(Duration gap, const Timing& timing);

/// What a step of `gap` learns from a measured one: its nominal lengths, narrowed to those that fit
/// a ratio; empty if the gap does not fit. A ratio needs `previous`.
std::optional<Interval> judge_gap(const Gap& wanted, Duration measured,
                                  const std::optional<Interval>& previous, const Timing& timing);
/// The longest measured gap that fits.
Duration longest_gap(const Gap& wanted, const std::optional<Interval>& previous,
                     const Timing& timing);

/// As people say it: "1.5 s", "200 ms", "13 us".
std::string print(Duration duration);

}  // namespace tcproof::checks
