// SPDX-License-Identifier: Apache-2.0
// Steps that look at the application and the state, and how a case ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checks/invariant.h"
#include "tests/checks/play.h"

namespace tcproof::checks::test {
namespace {

Play play(Steps& steps) {
  Case one_case = pair_case();
  one_case.steps = steps.take();
  return Play(std::move(one_case));
}

TEST(JudgeCalls, AnOutcomeMustBeAllowed) {
  struct Row {
    std::vector<Outcome> allowed;
    Outcome got;
    const char* reason;
  };
  const Row rows[] = {
      {{}, Outcome::ok, ""},
      {{}, Outcome::reset, "reset: expected ok"},
      {{Outcome::refused, Outcome::reset}, Outcome::reset, ""},
      {{Outcome::refused, Outcome::reset}, Outcome::ok, "ok: expected refused or reset"},
  };
  for (const Row& row : rows) {
    Steps steps;
    steps.call(Call::Verb::status).returns.outcomes = row.allowed;
    Play p = play(steps);
    p.returns(0, 0s, row.got);
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.verdict, row.reason[0] == '\0' ? Verdict::pass : Verdict::fail);
    EXPECT_EQ(judgement.reason, row.reason);
  }
}

TEST(JudgeCalls, StatusShowsAnAddressAsOne) {
  constexpr std::int64_t target = 0xc0000202, broadcast = 0xffffffff;
  for (const std::int64_t got : {target, broadcast}) {
    Steps steps;
    Step& step = steps.call(Call::Verb::status);
    step.call.status = Call::Status::destination;
    step.returns.outcomes.clear();
    step.returns.numbers = {Value{.kind = Value::Kind::sum, .low = Sum::of(target)}};
    Play p = play(steps);
    p.react(0, 0s, CallReturned{{}, 0, Outcome::ok, got, p.keep({})});
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.verdict, got == target ? Verdict::pass : Verdict::fail);
    EXPECT_EQ(judgement.reason, got == target ? "" : "255.255.255.255: expected 192.0.2.2");
  }
}

TEST(JudgeCalls, AMissingCallIsASkip) {
  Steps steps;
  steps.call(Call::Verb::ping);
  Play p = play(steps);
  p.returns(0, 0s, Outcome::unsupported);
  EXPECT_EQ(p.run().verdict, Verdict::skip);
  EXPECT_EQ(p.run().reason, "the target has no call 'CALL'");
}

TEST(JudgeCalls, ACallWaitsForItsTime) {
  for (const Duration delay : {Duration(900ms), Duration(1100ms)}) {
    Steps steps;
    steps.call(Call::Verb::accept);
    Play p = play(steps);
    p.returns(0, delay, Outcome::ok);
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.verdict, delay < Duration(1s) ? Verdict::pass : Verdict::fail);
    if (delay > Duration(1s)) {
      EXPECT_EQ(judgement.reason, "the call did not return within 1 s");
    }
  }
}

TEST(JudgeCalls, NothingToDeliverIsSeenAtTheFence) {
  for (const bool delivered : {false, true}) {
    Steps steps;
    steps.call(Call::Verb::receive, 1).returns.outcomes = {Outcome::nothing};
    Play p = play(steps);
    if (delivered) p.returns(0, 0s, Outcome::ok, {1});
    EXPECT_EQ(p.run().verdict, delivered ? Verdict::fail : Verdict::pass);
  }
}

TEST(JudgeCalls, ReceivedOctetsAreThoseTheTesterSent) {
  struct Row {
    wire::Buffer octets;
    const char* reason;
  };
  const Row rows[] = {
      {{1, 2, 'x', 'y', 5}, ""},
      {{1, 2, 'x', 'z', 5}, "ok, 5 octets: octet 4 is 7a, the tester sent 79"},
      {{1, 2, 'x'}, "ok, 3 octets: 3 octets, expected 5"},
  };
  for (const Row& row : rows) {
    Steps steps;
    steps.send("S  0:0(0)");
    steps.send(".  1:3(2) ack 1");
    steps.send(".  3:5(2) ack 1").frame.data = Payload{wire::Buffer{'x', 'y'}, {}};
    steps.send(".  5:6(1) ack 1");
    steps.call(Call::Verb::receive, 5);
    Play p = play(steps);
    p.returns(4, 0s, Outcome::ok, row.octets);
    EXPECT_EQ(p.run().reason, row.reason);
  }
}

TEST(JudgeCalls, ExplicitDataIsCompared) {
  Steps steps;
  steps.call(Call::Verb::receive, 2).call.data = wire::Buffer{7, 8};
  Play p = play(steps);
  p.returns(0, 0s, Outcome::ok, {7, 9});
  EXPECT_EQ(p.run().reason, "ok, 2 octets: octet 1 is 09, expected 08");
}

TEST(JudgeCalls, NumbersOfStatusAreCompared) {
  for (const std::int64_t mss : {1000, 536}) {
    Steps steps;
    steps.call(Call::Verb::status).returns.numbers = {*parse_value({"1000", 0})};
    Play p = play(steps);
    p.react(0, 0s, CallReturned{{}, 0, Outcome::ok, mss, {}});
    EXPECT_EQ(p.run().reason, mss == 1000 ? "" : "536: expected 1000");
  }
}

TEST(JudgeCalls, BackgroundCallsAreJudgedWhenTheyReturn) {
  struct Row {
    std::optional<Outcome> outcome;
    const char* reason;
  };
  for (const Row& row : {Row{Outcome::ok, ""}, Row{Outcome::reset, "reset: expected ok"},
                         Row{{}, "the call did not return by the end of the case"}}) {
    Steps steps;
    steps.call(Call::Verb::accept).background = true;
    steps.wait(1s);
    Play p = play(steps);
    if (row.outcome) p.returns(0, 500ms, *row.outcome);
    EXPECT_EQ(p.run().reason, row.reason);
  }
}

TEST(JudgeStates, LooksUntilTheStateIsThere) {
  struct Row {
    Duration when;
    Verdict verdict;
  };
  for (const Row row :
       {Row{0s, Verdict::pass}, Row{500ms, Verdict::pass}, Row{2s, Verdict::fail}}) {
    Steps steps;
    steps.call(Call::Verb::open_passive);
    steps.at({State::listen, State::established});
    Play p = play(steps);
    p.returns(0, 0s, Outcome::ok).react(0, row.when, StateSeen{{}, 0, State::listen, true});
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.verdict, row.verdict);
    if (row.verdict == Verdict::fail) {
      EXPECT_EQ(judgement.reason, "CLOSED: expected LISTEN or ESTABLISHED");
    }
  }
}

TEST(JudgeStates, WithoutStatesACleanCaseIsInconclusive) {
  Steps steps;
  steps.at({State::listen});
  Play p = play(steps);
  p.one_case().state_report = StateReport::none;
  EXPECT_EQ(p.run().verdict, Verdict::inconclusive);
  EXPECT_EQ(p.run().reason, "state not observed");
}

TEST(JudgeStates, TransitionsAreTheWholePath) {
  using enum State;
  struct Row {
    StateReport report;
    std::vector<State> seen;
    Verdict verdict;
  };
  const Row rows[] = {
      {StateReport::every, {listen, syn_received, established}, Verdict::pass},
      {StateReport::every, {listen, established}, Verdict::fail},
      {StateReport::sampled, {listen, established}, Verdict::pass},
      {StateReport::sampled, {listen, syn_received}, Verdict::fail},
      {StateReport::sampled, {syn_received, listen, established}, Verdict::fail},
      {StateReport::none, {}, Verdict::pass},
  };
  for (const Row& row : rows) {
    Steps steps;
    steps.call(Call::Verb::open_passive);
    steps.wait(1s);
    Play p = play(steps);
    p.one_case().state_report = row.report;
    p.one_case().transitions[0] = {closed, listen, syn_received, established};
    p.returns(0, 0s, Outcome::ok);
    for (const State state : row.seen) p.react(0, 1ms, StateSeen{{}, 0, state, true});
    EXPECT_EQ(p.run().verdict, row.verdict);
  }
}

TEST(JudgeEnds, ADeadTargetFails) {
  Steps steps;
  steps.wait(1s);
  Play p = play(steps);
  Steps other;
  other.call(Call::Verb::close);
  other.wait(1s);
  Play q = play(other);
  q.returns(0, 0s, Outcome::ok).react(0, 1ms, TargetDied{{}, "SIGSEGV"});
  EXPECT_EQ(q.run().verdict, Verdict::fail);
  EXPECT_EQ(q.run().reason, "target crashed: SIGSEGV");
  EXPECT_EQ(p.run().verdict, Verdict::pass);
}

TEST(JudgeEnds, TroubleIsNoFailure) {
  for (const bool inconclusive : {true, false}) {
    Steps steps;
    steps.call(Call::Verb::close);
    steps.wait(1s);
    Play p = play(steps);
    p.returns(0, 0s, Outcome::ok).react(0, 1ms, Trouble{{}, "no fence", inconclusive});
    EXPECT_EQ(p.run().verdict, inconclusive ? Verdict::inconclusive : Verdict::error);
    EXPECT_EQ(p.run().reason, "no fence");
  }
}

TEST(JudgeEnds, ALateTesterMakesAFailureInconclusive) {
  for (const Duration lag : {Duration(5ms), Duration(50ms)}) {
    Steps steps;
    steps.wait(1s);
    steps.send("S  0:0(0)");
    steps.expect("S. 0:0(0) ack 1");
    Play p = play(steps);
    p.one_case().virtual_time = false;
    p.tester_lag(lag);
    const Judgement& judgement = p.run();
    EXPECT_EQ(judgement.verdict, lag == Duration(50ms) ? Verdict::inconclusive : Verdict::fail);
    if (lag == Duration(50ms)) {
      EXPECT_EQ(judgement.reason, "the tester was late by 50 ms");
    }
  }
}

// No step waits here: an answer is due as soon as what it answers has come.
TEST(JudgeEnds, AReactionCanBeLateToo) {
  for (const Duration lag : {Duration(5ms), Duration(50ms)}) {
    Steps steps;
    steps.send("S  0:0(0)");
    steps.expect("S. 0:0(0) ack 1");
    steps.send(".  1:1(0) ack 1");
    steps.expect(".  1:101(100) ack 1");
    Play p = play(steps);
    p.one_case().virtual_time = false;
    p.react(0, 1ms, "S. 0:0(0) ack 1 win 65535").tester_lag(lag);
    EXPECT_EQ(p.run().verdict, lag == Duration(50ms) ? Verdict::inconclusive : Verdict::fail);
  }
}

// What the target sends by a timer while the tester stalls before its fence is no breach of silence.
TEST(JudgeEnds, ALateFenceMakesAFailureInconclusive) {
  for (const Duration lag : {Duration(5ms), Duration(50ms)}) {
    Steps steps;
    steps.send("S  0:0(0)");
    steps.silence();
    Play p = play(steps);
    p.one_case().virtual_time = false;
    p.react(0, lag - 1ms, "S. 0:0(0) ack 1 win 65535").fence_lag(lag);
    EXPECT_EQ(p.run().verdict, lag == Duration(50ms) ? Verdict::inconclusive : Verdict::fail);
  }
}

// A link with a delay holds the fence back like any other frame.
TEST(JudgeEnds, AFenceOverASlowLinkIsNotLate) {
  Steps steps;
  steps.send("S  0:0(0)");
  steps.silence();
  Play p = play(steps);
  p.one_case().virtual_time = false;
  p.one_case().network.links[0].ends[1].towards.delay = 50ms;
  p.react(0, 40ms, "S. 0:0(0) ack 1 win 65535").fence_lag(50ms);
  EXPECT_EQ(p.run().verdict, Verdict::fail);
}

// Nothing can be late before the first stimulus: opening a case takes what it takes.
TEST(JudgeEnds, TheFirstFenceIsNeverLate) {
  Steps steps;
  steps.silence();
  steps.send("S  0:0(0)");
  steps.expect("S. 0:0(0) ack 1");
  Play p = play(steps);
  p.one_case().virtual_time = false;
  p.react(1, 0s, "R. 0:0(0) ack 1 win 0").fence_lag(50ms, 1);
  EXPECT_EQ(p.run().verdict, Verdict::fail);
}

TEST(JudgeEnds, InvariantsAreCheckedUnlessWaived) {
  // The target acknowledges an octet that was never sent; the step itself does not compare it.
  for (const bool waived : {false, true}) {
    Steps steps;
    steps.send("S  0:0(0)");
    steps.expect("S. 0:0(0) ack _");
    Play p = play(steps);
    p.react(0, 0s, "S. 0:0(0) ack 5 win 5");
    ASSERT_EQ(p.run().verdict, Verdict::pass) << p.run().reason;
    if (waived) {
      for (const Invariant& invariant : all_invariants())
        p.one_case().waive[std::string(invariant.name)] = "why";
    }
    EXPECT_EQ(judge(p.one_case(), p.trace()).verdict, waived ? Verdict::pass : Verdict::fail);
  }
}

TEST(JudgeEnds, ACutTraceIsAnError) {
  Steps steps;
  steps.wait(1s);
  Play p = play(steps);
  EXPECT_EQ(judge(p.one_case(), Trace{}).verdict, Verdict::error);
}

}  // namespace
}  // namespace tcproof::checks::test
