// SPDX-License-Identifier: Apache-2.0
#include "harness/report/rule_tally.h"

#include <gtest/gtest.h>

namespace tcproof::harness {
namespace {

TEST(RuleTally, CountsNotesAndTransitions) {
  RuleTally tally({"SYN in LISTEN, 3.10.7.2 third", "drop: check_rst", "2 MSL", "2 MSL"});
  checks::Trace trace;
  trace.add(checks::TargetNote{{}, "LISTEN -> SYN-RECEIVED: SYN in LISTEN, 3.10.7.2 third"});
  trace.add(checks::TargetNote{{}, "drop: check_rst"});
  trace.add(checks::TimePassed{});
  trace.add(checks::TargetNote{{}, "drop: check_rst"});
  trace.add(checks::TargetNote{{}, "a word that is no rule"});
  tally.add(trace);
  EXPECT_EQ(tally.count("SYN in LISTEN, 3.10.7.2 third"), 1U);
  EXPECT_EQ(tally.count("drop: check_rst"), 2U);
  EXPECT_EQ(tally.count("2 MSL"), 0U);
  EXPECT_EQ(tally.never_reached(), std::vector<std::string>{"2 MSL"});
  EXPECT_EQ(tally.text("x"), "2 of 3 rules of x were reached; never reached:\n  2 MSL\n");
}

TEST(RuleTally, SaysIfThereIsNothingToCount) {
  EXPECT_EQ(RuleTally({}).text("linux"), "linux names no rules\n");
  RuleTally all({"a"});
  checks::Trace trace;
  trace.add(checks::TargetNote{{}, "a"});
  all.add(trace);
  EXPECT_EQ(all.text("x"), "1 of 1 rules of x were reached\n");
}

}  // namespace
}  // namespace tcproof::harness
