// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/clock_watch.h"

#include <gtest/gtest.h>

namespace tcproof::harness {
namespace {

ClockWatch::Reading at(Duration wall, Duration steady, Duration width = 0ns) {
  return {Instant(wall), steady, width};
}

TEST(ClockWatch, AClockThatIsSetIsSeenInBothDirections) {
  const ClockWatch watch(at(100s, 5s));
  EXPECT_FALSE(watch.stepped(at(160s, 65s)));
  EXPECT_EQ(watch.stepped(at(163s, 65s)), Duration(3s));
  EXPECT_EQ(watch.stepped(at(159s, 65s)), Duration(-1s));
}

// What two readings cannot tell apart is no step: the process may have been stopped in between.
TEST(ClockWatch, DoubtIsNoStep) {
  const ClockWatch watch(at(100s, 5s));
  EXPECT_FALSE(watch.stepped(at(100s + 900us, 5s)));
  EXPECT_TRUE(watch.stepped(at(100s + 1100us, 5s)));
  EXPECT_FALSE(watch.stepped(at(100s + 20ms, 5s, 30ms)));
}

TEST(ClockWatch, TheMachinesOwnClockIsNotSet) {
  const ClockWatch watch(ClockWatch::read());
  EXPECT_FALSE(watch.stepped(ClockWatch::read()));
}

}  // namespace
}  // namespace tcproof::harness
