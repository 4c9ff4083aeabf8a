// SPDX-License-Identifier: Apache-2.0
#include "harness/report/target_matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tcproof::harness {
namespace {

using checks::Verdict;
using testing::HasSubstr;
using testing::Not;

CaseResult result(const std::string& id, Verdict verdict) {
  CaseResult made;
  made.id = id;
  made.judgement.verdict = verdict;
  auto one_case = std::make_shared<checks::Case>();
  one_case->covers = {"RFC9293-MUST-1"};
  made.one_case = std::move(one_case);
  if (verdict == Verdict::fail) {
    made.judgement.failures.push_back({.requirements = {"RFC9293-MUST-1"}});
  }
  return made;
}

Column column(const std::string& target, std::vector<CaseResult> cases) {
  Column made{target, {}};
  made.run.cases = std::move(cases);
  return made;
}

TEST(TargetMatrix, ShowsWhatDiffers) {
  const std::vector<Column> columns{
      column("one", {result("same", Verdict::pass), result("other", Verdict::pass)}),
      column("two", {result("same", Verdict::pass), result("other", Verdict::fail)})};
  const std::string text = target_matrix(columns);
  EXPECT_THAT(text, HasSubstr("\nother       pass       fail\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nsame")));
  EXPECT_THAT(text, HasSubstr("RFC9293-MUST-1       pass       fail\n"));
}

TEST(TargetMatrix, OfRepetitionsTheWorstStands) {
  const std::vector<Column> columns{
      column("one", {result("a", Verdict::fail), result("a", Verdict::pass)}),
      column("two", {result("a", Verdict::pass), result("a", Verdict::inconclusive)})};
  EXPECT_EQ(matrix_json(columns).at("cases").at(0).at("verdicts"), Json({"fail", "inconclusive"}));
}

TEST(TargetMatrix, ACaseThatATargetLacksHasNoVerdict) {
  const std::vector<Column> columns{column("one", {result("a", Verdict::pass)}), column("two", {})};
  EXPECT_EQ(matrix_json(columns).at("cases").at(0).at("verdicts"), Json({"pass", nullptr}));
}

}  // namespace
}  // namespace tcproof::harness
