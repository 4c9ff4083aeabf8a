// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/calibration.h"

#include <gtest/gtest.h>

namespace tcproof::harness {
namespace {

Calibration measured(Duration answer, Duration wake_up, Duration timer) {
  Calibration found;
  found.tick = 4ms;
  found.answer = {answer, answer, answer, 1};
  found.wake_up = {wake_up, wake_up, wake_up, 1};
  found.timer = {timer, timer, timer, 1};
  set_tolerances(found, {});
  return found;
}

TEST(Calibration, AQuietMachineGetsTheKernelsOwnLimits) {
  const Calibration found = measured(10us, 60us, 24ms);
  EXPECT_EQ(found.timing.measure, 500us);
  EXPECT_EQ(found.timing.early, 5ms);
  EXPECT_EQ(found.timing.late, 10ms);
  EXPECT_EQ(found.parallel, 50ms);
}

TEST(Calibration, ABusyOneGetsMoreButNotEverything) {
  const Calibration found = measured(700us, 61ms, 131ms);
  EXPECT_EQ(found.timing.measure, 1500us);
  EXPECT_EQ(found.timing.late, 20ms) << "two ticks and twice what goes beyond an eighth";
  EXPECT_EQ(found.parallel, 130ms);
  const Calibration hopeless = measured(1s, 1s, 3s);
  EXPECT_EQ(hopeless.timing.measure, 5ms);
  EXPECT_EQ(hopeless.timing.late, 50ms);
  EXPECT_EQ(hopeless.parallel, 300ms);
}

TEST(Calibration, IsWrittenAsAProfileHasIt) {
  EXPECT_EQ(timing_yaml(measured(700us, 61ms, 131ms)),
            "timing:\n  answer: 1000ms\n  measure: 1.5ms\n  early: 6ms\n  late: 20ms\n"
            "  late_ratio: 12.5%\n  parallel: 130ms\n");
}

}  // namespace
}  // namespace tcproof::harness
