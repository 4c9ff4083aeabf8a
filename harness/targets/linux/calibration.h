// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "checks/case.h"
#include "harness/case/diagnostic.h"

namespace tcproof::harness {

/// How exactly this machine lets time be judged, as measured now.
struct Calibration {
  /// Middle, 99th percentile and worst of a few hundred samples each.
  struct Spread {
    Duration median{}, most{}, worst{};
    std::size_t samples = 0;
  };
  Spread answer;    // a probe's answer, stamped by the kernel, after the recorded time of sending
  Spread wake_up;   // a sleep that ends later than it should
  Spread timer;     // the kernel's retransmission timer of a second: how much later it fires
  Duration tick{};  // of the kernel's coarse clock: its timers are no finer

  checks::Timing timing;  // what follows from it for a profile
  Duration parallel{};
};

/// Measures for about three seconds in namespaces of its own, in the calling process, which may be
/// left in a user namespace: call it in a child. `pair` is a case whose network joins tester and
/// target by one link. `declared` gives what is not measured.
Tried<Calibration> calibrate(const checks::Case& pair, const checks::Timing& declared);

/// The tolerances that follow from the measurements: never tighter than the kernel's tick allows,
/// never wider than a verdict can bear.
void set_tolerances(Calibration& calibration, const checks::Timing& declared);

/// "timing:" as it stands in a profile.
std::string timing_yaml(const Calibration& calibration);

}  // namespace tcproof::harness
