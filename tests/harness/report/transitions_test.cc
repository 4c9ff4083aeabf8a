// SPDX-License-Identifier: Apache-2.0
#include "harness/report/transitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tcproof::harness {
namespace {

using checks::State;
using ::testing::HasSubstr;
using ::testing::Not;

class Transitions : public ::testing::Test {
 protected:
  void seen(State state, checks::ConnId conn = 0) {
    trace_.add(checks::StateSeen{Instant{} + at_, conn, state, true});
  }
  void later() { at_ += 1ms; }

  checks::Trace trace_;
  Duration at_{};
  TransitionTally tally_;
};

TEST_F(Transitions, counts_what_follows_upon_what) {
  seen(State::listen);
  seen(State::syn_received);
  seen(State::syn_received);  // looked up once more
  seen(State::established);
  tally_.add(trace_);
  EXPECT_EQ(tally_.count(State::closed, State::listen), 1U);
  EXPECT_EQ(tally_.count(State::listen, State::syn_received), 1U);
  EXPECT_EQ(tally_.count(State::syn_received, State::established), 1U);
  EXPECT_EQ(tally_.seen(), 3U);
}

TEST_F(Transitions, keeps_connections_and_cases_apart) {
  seen(State::listen, 0);
  seen(State::syn_sent, 1);
  tally_.add(trace_);
  tally_.add(trace_);
  EXPECT_EQ(tally_.count(State::closed, State::listen), 2U);
  EXPECT_EQ(tally_.count(State::closed, State::syn_sent), 2U);
  EXPECT_EQ(tally_.count(State::listen, State::syn_sent), 0U);
}

TEST_F(Transitions, does_not_count_an_edge_that_figure_5_lacks) {
  seen(State::established);  // the first look came late
  tally_.add(trace_);
  EXPECT_EQ(tally_.seen(), 0U);
}

TEST_F(Transitions, sees_note_2_only_where_one_segment_does_both) {
  seen(State::fin_wait_1);
  later();
  seen(State::fin_wait_2);
  later();
  seen(State::time_wait);
  tally_.add(trace_);
  EXPECT_EQ(tally_.count(State::fin_wait_1, State::time_wait), 0U);

  trace_ = {};
  seen(State::fin_wait_1);
  later();
  seen(State::fin_wait_2);
  seen(State::time_wait);
  tally_.add(trace_);
  EXPECT_EQ(tally_.count(State::fin_wait_1, State::time_wait), 1U);
}

TEST_F(Transitions, names_what_was_not_seen_and_why) {
  seen(State::listen);
  tally_.add(trace_);
  const std::string text = tally_.text("mine");
  EXPECT_THAT(text, HasSubstr("1 of 21 transitions of RFC 9293 figure 5 were seen on mine; not:"));
  EXPECT_THAT(text, Not(HasSubstr("CLOSED -> LISTEN")));
  EXPECT_THAT(text, HasSubstr("CLOSING -> TIME-WAIT, rcv ACK of FIN: no case of this run"));
  EXPECT_THAT(text, HasSubstr("LISTEN -> SYN-SENT, SEND: SEND makes a call"));
}

}  // namespace
}  // namespace tcproof::harness
