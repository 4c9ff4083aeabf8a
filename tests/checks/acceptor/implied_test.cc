// SPDX-License-Identifier: Apache-2.0
// Goal: where the target cannot be asked, `at` is held against what the wire permits at its place in
// the case, both while the case runs and from the stored trace (Play judges both ways).
#include <gtest/gtest.h>

#include "tests/checks/acceptor/shipped_rules.h"
#include "tests/checks/play.h"

namespace tcproof::checks::test {
namespace {

using enum State;

/// A passive open, then the tester's FIN; `at` behind each, by these names.
Play passive_close(std::vector<State> opened, std::vector<State> closing) {
  Steps steps;
  const StepId open = steps.call(Call::Verb::open_passive).id;
  const StepId syn = steps.send("S 0:0(0) win 65535").id;
  steps.expect("S. 0:0(0) ack 1 win 65535");
  steps.send(". 1:1(0) ack 1 win 65535");
  steps.at(std::move(opened));
  const StepId fin = steps.send("F. 1:1(0) ack 1 win 65535").id;
  steps.expect(". 1:1(0) ack 2 win 65535");
  steps.at(std::move(closing));
  Play play(pair_case());
  play.one_case().steps = steps.take();
  play.one_case().state_report = StateReport::none;
  play.one_case().state_rules = shipped_rules();
  play.returns(open, 0s, Outcome::ok);
  play.react(syn, 1ms, "S. 0:0(0) ack 1 win 65535");
  play.react(fin, 1ms, ". 1:1(0) ack 2 win 65535");
  return play;
}

TEST(ImpliedState, IsThatOfItsPlaceInTheCase) {
  Play play = passive_close({established}, {close_wait});
  EXPECT_EQ(play.run().verdict, Verdict::pass) << play.run().reason;
}

TEST(ImpliedState, OneThatTheWireForbidsFails) {
  Play early = passive_close({close_wait}, {close_wait});
  EXPECT_EQ(early.run().verdict, Verdict::fail);
  ASSERT_EQ(early.run().failures.size(), 1U);
  EXPECT_EQ(early.run().failures[0].got, "implied ESTABLISHED");
  Play late = passive_close({established}, {established});
  EXPECT_EQ(late.run().verdict, Verdict::fail);
}

}  // namespace
}  // namespace tcproof::checks::test
