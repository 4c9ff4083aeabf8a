// SPDX-License-Identifier: Apache-2.0
#include "checks/timing.h"

#include <gtest/gtest.h>

namespace tcproof::checks {
namespace {

Timing coarse() {
  Timing timing;
  timing.early = 10ms;
  timing.late = 10ms;
  timing.late_ratio = 0.125;
  return timing;
}

Gap length(Duration low, Duration high) {
  return {.low = low, .high = high};
}
Gap ratio(double low, double high) {
  return {.ratio = true, .low_ratio = low, .high_ratio = high};
}

TEST(Timing, AGapStandsForAnInterval) {
  EXPECT_EQ(nominal(1135ms, coarse()), (Interval{1000ms, 1145ms}));
  EXPECT_EQ(nominal(1s, Timing{}), (Interval{1s, 1s}));
}

TEST(Timing, ATimerFiresBetweenItsBounds) {
  // T = 1 s fires between T - early and T * 1.125 + late.
  const Gap second = length(1s, 1s);
  struct Row {
    Duration measured;
    bool fits;
  };
  for (const Row row : {Row{989ms, false}, Row{990ms, true}, Row{1s, true}, Row{1135ms, true},
                        Row{1136ms, false}}) {
    EXPECT_EQ(judge_gap(second, row.measured, {}, coarse()).has_value(), row.fits)
        << row.measured.count();
  }
  EXPECT_EQ(longest_gap(second, {}, coarse()), 1135ms);
  EXPECT_TRUE(judge_gap(length(1s, 3s), 2s, {}, Timing{}));
  EXPECT_FALSE(judge_gap(length(1s, 3s), 4s, {}, Timing{}));
}

TEST(Timing, RatiosCompareIntervalsAndNarrowThem) {
  const Interval before{1s, 1145ms};
  const auto twice = judge_gap(ratio(2, 2), 2100ms, before, coarse());
  ASSERT_TRUE(twice);
  EXPECT_EQ(twice->low, 2s) << "not below twice the lowest";
  EXPECT_EQ(twice->high, 2110ms) << "not above what was measured";
  EXPECT_FALSE(judge_gap(ratio(2, 2), 1800ms, before, coarse()));
  EXPECT_FALSE(judge_gap(ratio(2, 2), 2700ms, before, coarse()));
  EXPECT_FALSE(judge_gap(ratio(2, 2), 2s, {}, coarse())) << "nothing to compare with";
}

TEST(Timing, ErrorsOfRatiosDoNotAddUp) {
  // Each gap alone is twice the one before within tolerance, but together they drift.
  Timing timing;
  timing.late_ratio = 0.125;
  std::optional<Interval> last = nominal(1s, timing);
  last = judge_gap(ratio(2, 2), 2200ms, last, timing);
  ASSERT_TRUE(last);
  last = judge_gap(ratio(2, 2), 4500ms, last, timing);
  ASSERT_TRUE(last);
  EXPECT_FALSE(judge_gap(ratio(2, 2), 9100ms, last, timing))
      << "twice 4500 is 9000, but 1 s can double to 8 s only";
}

TEST(Timing, PrintsAsPeopleSayIt) {
  EXPECT_EQ(print(Duration(1s)), "1 s");
  EXPECT_EQ(print(Duration(1500ms)), "1.5 s");
  EXPECT_EQ(print(Duration(200ms)), "200 ms");
  EXPECT_EQ(print(Duration(13us)), "13 us");
  EXPECT_EQ(print(Duration(7)), "7 ns");
}

}  // namespace
}  // namespace tcproof::checks
