// SPDX-License-Identifier: Apache-2.0
#include "harness/run/jobs.h"

#include <gtest/gtest.h>

#include "tests/harness/targets/case_builder.h"

namespace tcproof::harness {
namespace {

TEST(Jobs, WorkersAreForCasesThatCompute) {
  EXPECT_EQ(auto_jobs(200, 0, false, 4), 4U);
  EXPECT_EQ(auto_jobs(200, 200, false, 4), 1U) << "one worker waits as well as four";
  EXPECT_EQ(auto_jobs(3, 0, false, 4), 1U);
  EXPECT_EQ(auto_jobs(20, 0, false, 4), 3U);
  EXPECT_EQ(auto_jobs(0, 0, false, 4), 1U);
  EXPECT_EQ(auto_jobs(1, 1, true, 4), 4U);
  EXPECT_GE(usable_cores(), 1U);
}

TEST(Jobs, WaitsAddUp) {
  CaseBuilder builder;
  builder.wait(2s);
  builder.silence_now();
  builder.wait(30ms);
  EXPECT_EQ(waits_of(builder.build()), 2s + 30ms);
  EXPECT_TRUE(mostly_waits(builder.build()));
  EXPECT_FALSE(mostly_waits(CaseBuilder().build()));
}

// RTO 1 s, then twice the one before: 1 + 2 + 4 s.
TEST(Jobs, ARatioSpeaksOfTheTimerBefore) {
  CaseBuilder builder;
  checks::Step step;
  step.verb = checks::Step::Verb::expect;
  step.gap = checks::Gap{.low = 1s, .high = 1s};
  builder.build().steps.push_back(step);
  step.gap = checks::Gap{.ratio = true, .low_ratio = 2, .high_ratio = 2};
  builder.build().steps.push_back(step);
  builder.build().steps.push_back(step);
  EXPECT_EQ(waits_of(builder.build()), 7s);
}

}  // namespace
}  // namespace tcproof::harness
