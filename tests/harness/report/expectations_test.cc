// SPDX-License-Identifier: Apache-2.0
#include "harness/report/expectations.h"

#include <gtest/gtest.h>

#include "tests/harness/report/fixture.h"

namespace tcproof::harness {
namespace {

using checks::Level;
using checks::Verdict;
using report_test::failed_case;

Deviation deviation(const std::string& requirement, const std::string& cell = "[ip=*]") {
  return {.case_id = "tcp/mss/segments-respect-peer-mss",
          .cell = cell,
          .requirement = requirement,
          .reason = "known"};
}

RunResult run_of(CaseResult result) {
  RunResult run;
  run.cases.push_back(std::move(result));
  return run;
}

TEST(Expectations, TheKeyIsCaseCellAndRequirement) {
  for (const auto& [entry, expected] : {std::pair{deviation("RFC9293-MUST-16"), true},
                                        {deviation("RFC9293-MUST-15"), false},
                                        {deviation("RFC9293-MUST-16", "[ip=v4]"), false}}) {
    Expectations expectations({entry}, Level::must);
    CaseResult result = failed_case();
    expectations.apply(result);
    EXPECT_EQ(result.expectation, expected ? Expectation::expected : Expectation::unexpected);
    EXPECT_EQ(exit_code(run_of(result), Level::must), expected ? 0 : 1);
  }
}

// A step of a start names no requirement. What fails outside of all steps has no key to hide behind.
TEST(Expectations, AStepWithoutARequirementHasAKeyOfItsOwn) {
  Deviation entry = deviation("");
  entry.invariant = "uncovered-step";
  for (const bool at_a_step : {true, false}) {
    Expectations expectations({entry}, Level::must);
    CaseResult result = failed_case();
    result.judgement.failures.front().requirements.clear();
    if (!at_a_step) result.judgement.failures.front().step.reset();
    expectations.apply(result);
    EXPECT_EQ(result.expectation, at_a_step ? Expectation::expected : Expectation::unexpected);
  }
  Expectations expectations({entry}, Level::must);
  CaseResult result = failed_case();
  expectations.apply(result);
  EXPECT_EQ(result.expectation, Expectation::unexpected)
      << "one with a requirement is no such step";
}

TEST(Expectations, ASecondFailureDoesNotHideBehindTheFirst) {
  Expectations expectations({deviation("RFC9293-MUST-16")}, Level::must);
  CaseResult result = failed_case();
  checks::Failure invariant;
  invariant.invariant = "checksums";
  result.judgement.failures.push_back(invariant);
  expectations.apply(result);
  EXPECT_EQ(result.expectation, Expectation::unexpected);
}

TEST(Expectations, AnEntryWhoseFailureNoLongerComesIsStale) {
  Expectations expectations({deviation("RFC9293-MUST-16")}, Level::must);
  CaseResult result = failed_case();
  result.judgement = {};
  expectations.apply(result);
  ASSERT_EQ(expectations.stale().size(), 1U);
  RunResult run = run_of(result);
  run.stale = expectations.stale();
  EXPECT_EQ(exit_code(run, Level::must), 1);
}

TEST(Expectations, AnEntryOfACaseThatDidNotRunIsNotStale) {
  Expectations expectations({deviation("RFC9293-MUST-16")}, Level::must);
  CaseResult result = failed_case();
  result.judgement = {.verdict = Verdict::skip};
  expectations.apply(result);
  EXPECT_TRUE(expectations.stale().empty());
  EXPECT_EQ(exit_code(run_of(result), Level::must), 77);
}

TEST(Expectations, AnErrorIsNeverHidden) {
  Expectations expectations({deviation("RFC9293-MUST-16")}, Level::must);
  for (const Verdict verdict : {Verdict::error, Verdict::inconclusive}) {
    CaseResult result = failed_case();
    result.judgement.verdict = verdict;
    expectations.apply(result);
    EXPECT_EQ(result.expectation, Expectation::none);
    EXPECT_EQ(exit_code(run_of(result), Level::must), 3);
  }
}

TEST(Expectations, AListedFailureIsExpectedAtAnyLevel) {
  CaseResult result = failed_case();
  result.judgement.failures[0].level = Level::should;
  Expectations({deviation("RFC9293-MUST-16")}, Level::must).apply(result);
  EXPECT_EQ(result.expectation, Expectation::expected);
  result = failed_case();
  result.judgement.failures[0].level = Level::should;
  Expectations({}, Level::must).apply(result);
  EXPECT_EQ(result.expectation, Expectation::none);
}

TEST(Expectations, FailOnDecidesWhichLevelsCount) {
  CaseResult result = failed_case();
  result.judgement.failures[0].level = Level::should;
  EXPECT_EQ(exit_code(run_of(result), Level::must), 0);
  EXPECT_EQ(exit_code(run_of(result), Level::should), 1);
}

}  // namespace
}  // namespace tcproof::harness
