// SPDX-License-Identifier: Apache-2.0
#include "harness/report/document.h"

#include <gtest/gtest.h>

#include <pugixml.hpp>

#include "harness/report/junit.h"
#include "tests/harness/report/fixture.h"

namespace tcproof::harness {
namespace {

RunResult two_cases() {
  RunResult run;
  run.target = "reference";
  run.seed = 41;
  run.cases.push_back(report_test::failed_case());
  CaseResult passed = report_test::failed_case();
  passed.id = "tcp/open/passive";
  passed.judgement = {};
  run.cases.push_back(passed);
  return run;
}

TEST(Document, CountsAndFailures) {
  const Json json = to_json(two_cases());
  EXPECT_EQ(json["tcproof"], RunResult::version);
  EXPECT_EQ(json["summary"]["cases"], 2);
  EXPECT_EQ(json["summary"]["pass"], 1);
  EXPECT_EQ(json["summary"]["fail"], 1);
  const Json& failure = json["cases"][0]["failures"][0];
  EXPECT_EQ(failure["line"], 14);
  EXPECT_EQ(failure["requirements"][0], "RFC9293-MUST-16");
  EXPECT_EQ(failure["what"], "end 1441, expected 1001");
}

// Two runs of one seed are equal but for `host`: nothing of the wall clock may be elsewhere.
TEST(Document, WallClockStandsUnderHostAlone) {
  RunResult a = two_cases(), b = two_cases();
  b.host = {.tcproof = "x", .target = "y", .kernel = "z", .started = "now", .wall = 5s, .jobs = 9};
  Json left = to_json(a), right = to_json(b);
  EXPECT_NE(left, right);
  left.erase("host");
  right.erase("host");
  EXPECT_EQ(left.dump(), right.dump());
}

TEST(Document, TheLongestCaseOfRealTimeStandsUnderHost) {
  RunResult run = two_cases();
  EXPECT_EQ(longest_of(run.cases), nullptr);
  EXPECT_FALSE(to_json(run)["host"].contains("longest"));
  for (CaseResult& result : run.cases) {
    auto real = std::make_shared<checks::Case>(*result.one_case);
    real->virtual_time = false;
    result.one_case = std::move(real);
  }
  run.cases[0].virtual_duration = 1234567us;
  run.cases[1].virtual_duration = 2s;
  EXPECT_EQ(longest_of(run.cases), &run.cases[1]);
  const Json longest = to_json(run)["host"]["longest"];
  EXPECT_EQ(longest["case"], run.cases[1].id + run.cases[1].cell);
  EXPECT_EQ(longest["ms"], 2000);
}

TEST(Junit, IsXmlWithTheFailureText) {
  RunResult run = two_cases();
  run.cases[0].name = "<&\"\x01";
  run.cases[0].judgement.reason = "end 1441 & \x01";
  pugi::xml_document document;
  const std::string text = junit_xml(run, report_test::catalogue());
  ASSERT_TRUE(document.load_string(text.c_str())) << text;
  const pugi::xml_node suite =
      document.child("testsuites").find_child_by_attribute("name", "tcp/mss");
  EXPECT_EQ(suite.attribute("failures").as_int(), 1);
  const pugi::xml_node failure = suite.child("testcase").child("failure");
  EXPECT_STREQ(failure.attribute("message").as_string(), "end 1441 & ?");
  EXPECT_NE(std::string(failure.text().get()).find("RFC9293-MUST-16"), std::string::npos);
}

TEST(Junit, AnExpectedFailureIsSkippedWithItsReason) {
  RunResult run = two_cases();
  run.cases[0].expectation = Expectation::expected;
  run.cases[0].deviation_reason = "known";
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(junit_xml(run, report_test::catalogue()).c_str()));
  const pugi::xml_node suite =
      document.child("testsuites").find_child_by_attribute("name", "tcp/mss");
  EXPECT_EQ(suite.attribute("failures").as_int(), 0);
  EXPECT_STREQ(suite.child("testcase").child("skipped").attribute("message").as_string(),
               "expected failure: known");
}

}  // namespace
}  // namespace tcproof::harness
