// SPDX-License-Identifier: Apache-2.0
#include "harness/run/case_run.h"

#include <gmock/gmock.h>

#include "harness/targets/virtual_bench.h"
#include "tests/harness/run/fake_targets.h"
#include "tests/harness/targets/scripted_stack.h"

namespace tcproof::harness {
namespace {

using checks::Call;
using checks::Verdict;

// Runs the case against a scripted stack that `script` may prepare.
checks::Trace run(const checks::Case& one_case,
                  const std::function<void(ScriptedStack&)>& script = {}) {
  SimBench bench(one_case, [&](StackInstance::Output output) {
    auto stack = std::make_unique<ScriptedStack>(std::move(output));
    if (script) script(*stack);
    return stack;
  });
  return run_virtual(one_case, bench);
}

template <class Kind>
std::size_t count(const checks::Trace& trace) {
  return static_cast<std::size_t>(std::ranges::count_if(
      trace.events(), [](const checks::Event& one) { return std::holds_alternative<Kind>(one); }));
}

TEST(CaseRun, WaitingCostsNoEvents) {
  CaseBuilder builder;
  builder.wait(240s);
  const checks::Trace trace = run(builder.build());
  EXPECT_EQ(checks::judge(builder.build(), trace).verdict, Verdict::pass);
  EXPECT_EQ(checks::time_of(trace.events().back()), Instant{240s});
  EXPECT_LT(trace.events().size(), 10U);
}

TEST(CaseRun, CallsAndLooksAreDoneAsTheJudgeWants) {
  CaseBuilder builder;
  builder.call(Call::Verb::open_passive);
  builder.at(checks::State::listen);
  const checks::Trace trace = run(builder.build());
  const checks::Judgement judgement = checks::judge(builder.build(), trace);
  EXPECT_EQ(judgement.verdict, Verdict::pass) << judgement.reason;
  EXPECT_EQ(count<checks::CallMade>(trace), 1U);
  EXPECT_EQ(count<checks::CallReturned>(trace), 1U);
  EXPECT_GE(count<checks::StateSeen>(trace), 2U);
}

TEST(CaseRun, ASegmentGoesOutOnceAndATimerOfTheTargetIsSeen) {
  CaseBuilder builder;
  builder.send("S  0:0(0) win 65535 <mss 1000>");
  builder.wait(5s);
  const checks::Trace trace = run(builder.build(), [](ScriptedStack& stack) {
    stack.deadline = Instant{3s};
    stack.on_advance = [&stack](Instant) {
      stack.deadline.reset();
      stack.output.frame(wire::Buffer(60, 9));
    };
  });
  EXPECT_EQ(count<checks::FrameSent>(trace), 1U);
  ASSERT_EQ(count<checks::FrameSeen>(trace), 1U);
  for (const checks::Event& event : trace.events()) {
    if (!std::holds_alternative<checks::FrameSeen>(event)) continue;
    EXPECT_EQ(checks::time_of(event), Instant{3s});
  }
  EXPECT_EQ(checks::judge(builder.build(), trace).verdict, Verdict::fail) << "nobody expected it";
}

// A target whose timer never moves on would keep the clock where it is.
TEST(CaseRun, ATargetThatNeverRestsFails) {
  CaseBuilder builder;
  builder.wait(1s);
  const checks::Trace trace =
      run(builder.build(), [](ScriptedStack& stack) { stack.deadline = Instant{500ms}; });
  EXPECT_EQ(count<checks::TargetDied>(trace), 1U);
  EXPECT_EQ(checks::judge(builder.build(), trace).verdict, Verdict::fail);
}

TEST(CaseRun, ATraceJudgedAgainGivesTheSameVerdict) {
  CaseBuilder builder;
  builder.call(Call::Verb::open_passive);
  builder.expect("S. 0:0(0) ack 1");
  const checks::Trace trace = run(builder.build());
  const auto copy = checks::Trace::parse(trace.serialize());
  ASSERT_TRUE(copy);
  const checks::Judgement first = checks::judge(builder.build(), trace);
  EXPECT_EQ(first.verdict, Verdict::fail);
  EXPECT_EQ(first.reason, checks::judge(builder.build(), *copy).reason);
}

}  // namespace
}  // namespace tcproof::harness
