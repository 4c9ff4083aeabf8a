// SPDX-License-Identifier: Apache-2.0
#include "harness/report/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tcproof::harness {
namespace {

using checks::Level;
using checks::Verdict;
using testing::HasSubstr;

checks::Catalogue catalogue() {
  checks::Catalogue all;
  const auto add = [&](const char* id, Level level, const char* testable = "wire") {
    all.add({.id = id, .level = level, .text = "x", .testable = testable});
  };
  add("RFC793-1-1", Level::must);
  add("RFC9293-MUST-1", Level::must);
  add("RFC9293-MUST-2", Level::must);
  add("RFC9293-MUST-3", Level::must, "internal");
  add("RFC9293-SHLD-1", Level::should);
  add("RFC3168-5-1", Level::should);
  return all;
}

Outcomes outcomes(std::vector<Outcomes::Cell> cells) {
  return {.target = "reference", .features = {"ipv4"}, .cells = std::move(cells)};
}

Coverage coverage(const checks::Catalogue& all, std::vector<Outcomes::Cell> cells,
                  const std::set<std::string>& documents = {}) {
  RequirementNotes notes;
  notes.uncovered = {{"RFC9293-SHLD-1", "not implemented: no time"},
                     {"RFC793-1-1", "not applicable: a router's"}};
  notes.feature = {{"RFC3168-5-1", "ecn"}};
  return Coverage(all, notes, documents, {outcomes(std::move(cells))});
}

Standing standing(const Coverage& of, const std::string& id) {
  return of.targets().front().entries.at(id).standing;
}
std::string why(const Coverage& of, const std::string& id) {
  return of.targets().front().entries.at(id).why;
}

TEST(CoverageTest, WhatNoCaseCoversHasItsReason) {
  const auto all = catalogue();
  const Coverage nothing = coverage(all, {});
  EXPECT_EQ(standing(nothing, "RFC9293-MUST-1"), Standing::uncovered);
  EXPECT_EQ(why(nothing, "RFC9293-MUST-1"), "no reason is given");
  EXPECT_EQ(standing(nothing, "RFC9293-MUST-3"), Standing::internal);
  EXPECT_EQ(standing(nothing, "RFC9293-SHLD-1"), Standing::uncovered);
  EXPECT_EQ(why(nothing, "RFC9293-SHLD-1"), "not implemented: no time");
  EXPECT_EQ(standing(nothing, "RFC793-1-1"), Standing::not_applicable);
  EXPECT_EQ(why(nothing, "RFC793-1-1"), "a router's");
  EXPECT_EQ(standing(nothing, "RFC3168-5-1"), Standing::undeclared);
}

TEST(CoverageTest, ARequirementPassesIfACasePassedAndNoneFailedByIt) {
  const auto all = catalogue();
  const Outcomes::Cell pass{.name = "a [ip=v4]", .covers = {"RFC9293-MUST-1"}};
  const Outcomes::Cell fail{.name = "b",
                            .covers = {"RFC9293-MUST-1", "RFC9293-MUST-2"},
                            .verdict = Verdict::fail,
                            .reason = "too early",
                            .failed = {"RFC9293-MUST-2"}};
  const Coverage both = coverage(all, {pass, fail});
  EXPECT_EQ(standing(both, "RFC9293-MUST-1"), Standing::passes);
  EXPECT_EQ(standing(both, "RFC9293-MUST-2"), Standing::fails);
  EXPECT_EQ(why(both, "RFC9293-MUST-2"), "b: too early");
  EXPECT_EQ(standing(coverage(all, {fail}), "RFC9293-MUST-1"), Standing::unproved);
  // Another cell that fails by it outweighs the one that passed.
  Outcomes::Cell worse = fail;
  worse.failed = {"RFC9293-MUST-1"};
  EXPECT_EQ(standing(coverage(all, {pass, worse}), "RFC9293-MUST-1"), Standing::fails);
}

TEST(CoverageTest, ASkipCountsAgainstTheTargetUnlessTheFeatureIsOptional) {
  const auto all = catalogue();
  const Outcomes::Cell skip{.name = "a",
                            .covers = {"RFC9293-MUST-1", "RFC3168-5-1"},
                            .verdict = Verdict::skip,
                            .reason = "needs ecn"};
  const Coverage skipped = coverage(all, {skip});
  EXPECT_EQ(standing(skipped, "RFC9293-MUST-1"), Standing::skipped);
  EXPECT_EQ(why(skipped, "RFC9293-MUST-1"), "a: needs ecn");
  EXPECT_EQ(standing(skipped, "RFC3168-5-1"), Standing::undeclared);
  // What runs all the same is counted.
  Outcomes::Cell pass = skip;
  pass.verdict = Verdict::pass;
  EXPECT_EQ(standing(coverage(all, {pass}), "RFC3168-5-1"), Standing::passes);
}

TEST(CoverageTest, AnInvariantFailsWhatItsCaseDoesNotCover) {
  const auto all = catalogue();
  const Outcomes::Cell fail{.name = "a",
                            .covers = {"RFC9293-MUST-1"},
                            .verdict = Verdict::fail,
                            .reason = "late",
                            .failed = {"RFC9293-MUST-2"}};
  EXPECT_EQ(standing(coverage(all, {fail}), "RFC9293-MUST-2"), Standing::fails);
}

TEST(CoverageTest, ThePercentageIsOfWhatCounts) {
  const auto all = catalogue();
  const Coverage some =
      coverage(all, {{.name = "a", .covers = {"RFC9293-MUST-1", "RFC9293-MUST-3"}}});
  const Coverage::Target& target = some.targets().front();
  const auto& must = target.documents.at("RFC9293")[0];
  EXPECT_EQ(must.passing(), 2U);
  EXPECT_EQ(must.counted(), 3U);  // covered, so the internal one counts as well
  EXPECT_NEAR(must.percent(), 66.67, 0.01);
  EXPECT_EQ(target.documents.at("RFC793")[0].counted(), 0U);
  EXPECT_EQ(target.documents.at("RFC793")[0].percent(), 100);
  EXPECT_EQ(target.all[0].counted(), 3U);
  const Coverage one = coverage(all, {}, {"RFC3168"});
  EXPECT_EQ(one.targets().front().entries.size(), 1U);
}

TEST(CoverageTest, TheTextHasATableAndWhatDoesNotPass) {
  const auto all = catalogue();
  const std::string text = coverage(all, {{.name = "a", .covers = {"RFC9293-MUST-1"}}}).text();
  EXPECT_THAT(text, HasSubstr("RFC9293        1/2   50.0 %      0/1    0.0 %        -"
                              "            1 internal\n"));
  // The older document first.
  EXPECT_LT(text.find("RFC793 "), text.find("RFC9293 "));
  EXPECT_THAT(text, HasSubstr("RFC9293-SHLD-1       SHOULD     uncovered      not implemented: "
                              "no time\n"));
  EXPECT_EQ(text.find("RFC9293-MUST-1 "), std::string::npos);
}

TEST(CoverageTest, ReadsWhatRunWrites) {
  RunResult run;
  run.target = "linux";
  CaseResult failed;
  failed.id = "tcp/a";
  failed.cell = "[ip=v4]";
  failed.judgement.verdict = Verdict::fail;
  failed.judgement.failures.push_back({.requirements = {"RFC9293-MUST-2"}});
  CaseResult skipped;
  skipped.id = "tcp/b";
  skipped.judgement.verdict = Verdict::skip;
  skipped.judgement.reason = "needs sack";
  run.cases = {failed, skipped};
  const auto read = read_outcomes("x.json", to_json(run).dump(),
                                  {{"tcp/a", {"RFC9293-MUST-2"}}, {"tcp/b", {"RFC793-1-1"}}});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->target, "linux");
  ASSERT_EQ(read->cells.size(), 2U);
  EXPECT_EQ(read->cells[0].name, "tcp/a [ip=v4]");
  EXPECT_TRUE(read->cells[0].failed.contains("RFC9293-MUST-2"));
  EXPECT_EQ(read->cells[1].verdict, Verdict::skip);
  EXPECT_EQ(read->cells[1].reason, "needs sack");
  EXPECT_EQ(read->cells[1].covers, std::vector<std::string>{"RFC793-1-1"});
}

TEST(CoverageTest, WhatIsNoResultDocumentIsRefused) {
  for (const char* text : {"", "{", "[]", "{}", R"({"tcproof": 2, "target": "x", "cases": []})",
                           R"({"tcproof": 1, "target": "x", "cases": [{"id": 3}]})"}) {
    const auto read = read_outcomes("x.json", text, {});
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(render(read.error()), HasSubstr("x.json: error: this is no result document: "));
  }
}

}  // namespace
}  // namespace tcproof::harness
