// SPDX-License-Identifier: Apache-2.0
#include "harness/run/runner.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "tests/harness/run/fake_targets.h"

namespace tcproof::harness {
namespace {

using checks::Verdict;
using testing::HasSubstr;

// What came of a list of cases, by their ids and numbers.
struct Ran {
  RunEnd end;
  std::map<std::size_t, CaseResult> results;
};

Ran run(Target& target, const std::vector<std::string>& ids, RunPlan plan = {}) {
  const bool virtual_time = target.profile().virtual_time;
  std::vector<std::shared_ptr<const checks::Case>> cases;
  for (const std::string& id : ids) cases.push_back(fake_case(id, virtual_time));
  plan.count = cases.size();
  plan.make = [&](std::size_t i) { return cases[i]; };
  Ran ran;
  ran.end = run_suite(target, plan, [&](std::size_t i, CaseResult result) {
    EXPECT_TRUE(ran.results.emplace(i, std::move(result)).second) << "case " << i << " twice";
  });
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD) << "no process is left behind";
  return ran;
}

// The last words of a worker: the trace up to the call that it did not survive.
bool has_call(const checks::Trace& trace) {
  return std::ranges::any_of(trace.events(), [](const checks::Event& event) {
    return std::holds_alternative<checks::CallMade>(event);
  });
}

TEST(Runner, EveryCaseHasOneResult) {
  for (const std::uint32_t jobs : {1U, 3U}) {
    FakeTarget target;
    RunPlan plan;
    plan.jobs = jobs;
    const Ran ran = run(target, std::vector<std::string>(200, "fine"), plan);
    EXPECT_EQ(ran.results.size(), 200U);
    for (const auto& [index, result] : ran.results) {
      EXPECT_EQ(result.judgement.verdict, Verdict::pass) << result.judgement.reason;
      EXPECT_EQ(result.id, "fine");
      EXPECT_EQ(result.virtual_duration, 1s);
      EXPECT_FALSE(result.trace);
    }
    EXPECT_FALSE(ran.end.interrupted);
    EXPECT_FALSE(ran.end.unavailable);
  }
}

// More than the socket's buffer holds goes each way at once: neither side may wait for the other.
TEST(Runner, AFullBufferBothWaysHoldsNobodyUp) {
  FakeTarget target(false);
  target.at_once = 2000;
  const Ran ran = run(target, std::vector<std::string>(2000, "wordy"));
  EXPECT_EQ(ran.results.size(), 2000U);
}

TEST(Runner, NothingToDoIsDone) {
  FakeTarget target;
  EXPECT_TRUE(run(target, {}).results.empty());
}

TEST(Runner, TracesAreKeptWhenAskedFor) {
  FakeTarget target;
  RunPlan plan;
  plan.keep_traces = true;
  const Ran ran = run(target, {"fine"}, plan);
  ASSERT_TRUE(ran.results.at(0).trace);
  EXPECT_FALSE(ran.results.at(0).trace->events().empty());
}

// A crash costs the case that was running and no other; what happened before it is still there.
TEST(Runner, ACrashCostsOneCase) {
  FakeTarget target;
  RunPlan plan;
  plan.jobs = 2;
  std::vector<std::string> ids(60, "fine");
  ids[7] = "crash";
  ids[20] = "abort";
  ids[33] = "exit";
  const Ran ran = run(target, ids, plan);
  ASSERT_EQ(ran.results.size(), ids.size());
  for (const auto& [index, result] : ran.results) {
    if (ids[index] != "fine") continue;
    EXPECT_EQ(result.judgement.verdict, Verdict::pass) << index;
  }
  EXPECT_EQ(ran.results.at(7).judgement.verdict, Verdict::fail);
  EXPECT_THAT(ran.results.at(7).judgement.reason, HasSubstr("SIGSEGV"));
  EXPECT_THAT(ran.results.at(20).judgement.reason, HasSubstr("SIGABRT"));
  EXPECT_THAT(ran.results.at(33).judgement.reason, HasSubstr("exit status 3"));
  const auto& events = ran.results.at(7).trace->events();
  EXPECT_TRUE(has_call(*ran.results.at(7).trace));
  EXPECT_TRUE(std::holds_alternative<checks::TargetDied>(events.back()));
}

TEST(Runner, AHangIsEnded) {
  FakeTarget target;
  RunPlan plan;
  plan.hangs_after = 300ms;
  const Ran ran = run(target, {"fine", "hang", "fine"}, plan);
  ASSERT_EQ(ran.results.size(), 3U);
  EXPECT_EQ(ran.results.at(1).judgement.verdict, Verdict::fail);
  EXPECT_THAT(ran.results.at(1).judgement.reason, HasSubstr("hung"));
  EXPECT_TRUE(has_call(*ran.results.at(1).trace));
  EXPECT_EQ(ran.results.at(2).judgement.verdict, Verdict::pass);
}

// Every case of a foreign stack is the first of its process, whatever the one before it did.
TEST(Runner, ForeignCasesHaveAProcessEach) {
  for (const std::uint32_t jobs : {1U, 3U}) {
    FakeTarget target;
    target.runs_foreign_code = true;
    RunPlan plan;
    plan.jobs = jobs;
    plan.hangs_after = 300ms;
    std::vector<std::string> ids(100, "first");
    ids[3] = "crash";
    ids[5] = "print";
    ids[8] = "exit";
    ids[9] = "hang";
    ids[11] = "refused";
    const Ran ran = run(target, ids, plan);
    ASSERT_EQ(ran.results.size(), ids.size());
    for (const auto& [index, result] : ran.results) {
      if (ids[index] != "first") continue;
      EXPECT_EQ(result.judgement.verdict, Verdict::pass) << index << result.judgement.reason;
    }
    const auto reason = [&](std::size_t i) { return ran.results.at(i).judgement.reason; };
    EXPECT_EQ(reason(3), "target crashed: SIGSEGV (Segmentation fault)");
    EXPECT_TRUE(has_call(*ran.results.at(3).trace));
    EXPECT_EQ(reason(5), "target crashed: SIGABRT (Aborted) \"the last line\"");
    EXPECT_EQ(reason(8), "target crashed: exit status 3") << "and not the line of another case";
    EXPECT_EQ(reason(9), "target hung: no end after 0.3 s");
    EXPECT_TRUE(has_call(*ran.results.at(9).trace));
    EXPECT_EQ(ran.results.at(11).judgement.verdict, Verdict::error);
  }
}

TEST(Runner, AForeignStackThatCannotRunHereEndsTheRun) {
  FakeTarget target;
  target.runs_foreign_code = true;
  target.available = false;
  const Ran ran = run(target, {"fine"});
  ASSERT_TRUE(ran.end.unavailable);
  EXPECT_EQ(ran.end.unavailable->why, "EPERM");
}

TEST(Runner, ARefusedBenchIsAnErrorOrASkip) {
  FakeTarget target;
  const Ran ran = run(target, {"refused", "lacking", "fine"});
  EXPECT_EQ(ran.results.at(0).judgement.verdict, Verdict::error);
  EXPECT_THAT(ran.results.at(0).judgement.reason, HasSubstr("ENOBUFS"));
  EXPECT_EQ(ran.results.at(1).judgement.verdict, Verdict::skip);
  EXPECT_THAT(ran.results.at(1).judgement.reason, testing::StartsWith("no such sysctl"));
  EXPECT_EQ(ran.results.at(2).judgement.verdict, Verdict::pass);
}

TEST(Runner, ATargetThatCannotRunHereEndsTheRun) {
  FakeTarget target;
  target.available = false;
  const Ran ran = run(target, {"fine", "fine"});
  EXPECT_TRUE(ran.results.empty());
  ASSERT_TRUE(ran.end.unavailable);
  EXPECT_EQ(ran.end.unavailable->why, "EPERM");
}

// SIGTERM comes while the first result is reported: what is there is kept, the rest is left.
TEST(Runner, ASignalStopsTheRun) {
  FakeTarget target;
  std::vector<std::string> ids(1000, "fine");
  RunPlan plan;
  plan.count = ids.size();
  plan.make = [&](std::size_t i) { return fake_case(ids[i]); };
  std::size_t results = 0;
  const RunEnd end = run_suite(target, plan, [&](std::size_t, const CaseResult&) {
    if (results++ == 0) ::kill(::getpid(), SIGTERM);
  });
  EXPECT_TRUE(end.interrupted);
  EXPECT_LT(results, ids.size());
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

// A busy machine opens benches slowly: that is not the target's doing.
TEST(Runner, ASlowBenchInRealTimeIsNoHang) {
  FakeTarget target(false);
  target.opens_in = 300ms;
  RunPlan plan;
  plan.hangs_after = 50ms;
  const Ran ran = run(target, {"fine"}, plan);
  EXPECT_EQ(ran.results.at(0).judgement.verdict, Verdict::pass)
      << ran.results.at(0).judgement.reason;
}

TEST(Runner, RealTimeCasesRunBesideEachOther) {
  FakeTarget target(false);
  RunPlan plan;
  plan.jobs = 2;
  const Ran ran = run(target, std::vector<std::string>(50, "fine"), plan);
  EXPECT_EQ(ran.results.size(), 50U);
  for (const auto& [index, result] : ran.results)
    EXPECT_EQ(result.judgement.verdict, Verdict::pass) << result.judgement.reason;
}

TEST(Runner, InconclusiveAttemptsAreMadeAgain) {
  FakeTarget target(false);
  Ran ran = run(target, {"fine", "late", "fine"});
  EXPECT_EQ(ran.results.at(1).judgement.verdict, Verdict::pass);
  EXPECT_EQ(ran.results.at(1).attempts, 3U);
  EXPECT_EQ(ran.results.at(0).attempts, 1U);

  FakeTarget again(false);
  RunPlan once;
  once.retries = 1;
  ran = run(again, {"late"}, once);
  EXPECT_EQ(ran.results.at(0).judgement.verdict, Verdict::inconclusive);
  EXPECT_EQ(ran.results.at(0).attempts, 2U);
}

// Again beside seven others at most, then with nothing beside it.
TEST(Runner, WhatIsMadeAgainHasLessAndLessBesideIt) {
  FakeTarget target(false);
  target.at_once = 50;
  std::vector<std::string> ids(25, "crowded");
  ids.resize(50, "lonely");
  const Ran ran = run(target, ids);
  ASSERT_EQ(ran.results.size(), ids.size());
  for (const auto& [index, result] : ran.results) {
    EXPECT_EQ(result.judgement.verdict, Verdict::pass) << result.judgement.reason;
    EXPECT_LE(result.attempts, ids[index] == "crowded" ? 2U : 3U);
  }
}

// What a bench was refused may be there again when nothing runs beside it.
TEST(Runner, ARefusedBenchInRealTimeIsAskedForAgain) {
  FakeTarget target(false);
  RunPlan plan;
  plan.retries = 2;
  const Ran ran = run(target, {"refused", "lacking"}, plan);
  EXPECT_EQ(ran.results.at(0).judgement.verdict, Verdict::error);
  EXPECT_EQ(ran.results.at(0).attempts, 3U);
  EXPECT_EQ(ran.results.at(1).judgement.verdict, Verdict::skip);
  EXPECT_EQ(ran.results.at(1).attempts, 1U);
}

}  // namespace
}  // namespace tcproof::harness
