// SPDX-License-Identifier: Apache-2.0
#include "checks/flip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/checks/play.h"

namespace tcproof::checks::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A SYN and its answer.
Steps handshake() {
  Steps steps;
  steps.send("S  0:0(0) win 65535 <mss 1000>");
  return steps;
}

Play play(Steps& steps, const std::function<void(Case&)>& change = {}) {
  Case one_case = pair_case();
  one_case.steps = steps.take();
  if (change) change(one_case);
  Play play(std::move(one_case));
  play.react(0, 0s, "S. 0:0(0) ack 1 win 1000 <mss 1460>");
  return play;
}

std::vector<Teeth> teeth(Play& play) {
  play.run();
  const Judgement judgement = judge(play.one_case(), play.trace());
  EXPECT_EQ(judgement.verdict, Verdict::pass) << judgement.reason;
  return teeth_of(play.one_case(), play.trace(), judgement);
}

TEST(Flip, EveryDemandOfASegmentBites) {
  Steps steps = handshake();
  steps.expect("S. 0:0(0) ack 1 win 1000 <mss 1460>");
  Play p = play(steps);
  const auto all = teeth(p);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].step, 1);
  EXPECT_THAT(all[0].bites,
              ElementsAre("flags", "first number", "end", "count", "ack", "win", "options"));
  EXPECT_THAT(all[0].idle, IsEmpty());
}

TEST(Flip, WhatIsNotDemandedIsNotChanged) {
  Steps steps = handshake();
  steps.expect("_  _:_(_)");
  Play p = play(steps);
  EXPECT_THAT(teeth(p), IsEmpty());
}

TEST(Flip, SilenceBitesIfNothingCame) {
  Steps steps = handshake();
  steps.expect("S. _:_(_) ack 1");
  steps.silence();
  Play p = play(steps);
  const auto all = teeth(p);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all[1].bites, ElementsAre("silence"));
}

TEST(Flip, AnotherOutcomeBites) {
  Steps steps = handshake();
  steps.expect("S. _:_(_) ack 1");
  steps.call(Call::Verb::status);
  Play p = play(steps);
  p.returns(2, 0s, Outcome::ok);
  const auto all = teeth(p);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all[1].bites, ElementsAre("the outcome"));
}

TEST(Flip, AnOptionalFrameThatNobodyMissesIsIdle) {
  Steps steps = handshake();
  steps.expect("S. _:_(_) ack 1").optional = true;
  Play p = play(steps, [](Case& one) { one.waive["nothing-left-over"] = "a test"; });
  const auto all = teeth(p);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_THAT(all[0].idle, Contains("ack"));
}

TEST(Flip, ARequirementIsProvedByAStepThatBites) {
  Steps steps = handshake();
  steps.expect("S. _:_(_) ack 1").covers = {"A"};
  steps.silence().covers = {"B"};
  Case one_case = pair_case();
  one_case.steps = steps.take();
  one_case.covers = {"A", "B", "C"};
  EXPECT_THAT(proved(one_case, {{1, {"ack"}, {}}, {2, {}, {"silence"}}}), ElementsAre("A", "C"));
  EXPECT_THAT(proved(one_case, {{1, {}, {"ack"}}, {2, {}, {"silence"}}}), IsEmpty());
}

}  // namespace
}  // namespace tcproof::checks::test
