// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/tcp/path_mtu.h"
#include "stack/tcp/rules.h"
#include "tests/stack/tcp/peer.h"

// What the user may ask of a connection besides SEND, RECEIVE and CLOSE, and what he is told
// without asking.

namespace tcproof::tcp::test {
namespace {

using enum State;
using testing::ElementsAre;

TEST(KeepAlive, IsOffUntilAskedFor) {
  Talk t;
  t.establish();
  t.pass(24h);
  t.nothing();
  t.connection.set_keep_alive(10s, t.now);
  t.expect_after(0s, ". 0:0(0) ack 1");  // it has been silent for long
  EXPECT_TRUE(t.traced(rule::keep_alive));
  t.peer(". 1:1(0) ack 1");
  t.connection.set_keep_alive({}, t.now);
  t.pass(24h);
  t.at(established);
}

TEST(KeepAlive, CountsFromWhatCameLast) {
  Talk t;
  t.establish();
  t.connection.set_keep_alive(10s, t.now);
  t.pass(9s);
  t.peer("P. 1:11(10) ack 1");
  t.expect_after(200ms, ". 1:1(0) ack 11");
  t.expect_after(10s - 200ms, ". 0:0(0) ack 11");
  t.peer(". 11:11(0) ack 1");
  t.expect_after(10s, ". 0:0(0) ack 11");
}

TEST(KeepAlive, WaitsWhileDataIsOutstanding) {
  Talk t;
  t.establish();
  t.connection.set_keep_alive(2s, t.now);
  t.send(100);
  t.expect("P. 1:101(100) ack 1");
  t.expect_after(1s, "P. 1:101(100) ack 1");
  t.expect_after(2s, "P. 1:101(100) ack 1");
  t.peer(". 1:1(0) ack 101");
  t.expect_after(2s, ". 100:100(0) ack 1");
}

// An ACK of what was never sent comes from nobody who knows the connection.
TEST(KeepAlive, AnAckOfNothingSentIsNoSignOfLife) {
  Talk t;
  t.establish();
  t.connection.set_keep_alive(10s, t.now);
  t.pass(9s);
  t.peer(". 1:1(0) ack 100");
  t.expect(". 1:1(0) ack 1");
  EXPECT_TRUE(t.traced(rule::check_ack_future));
  t.expect_after(1s, ". 0:0(0) ack 1");
}

// MUST-29: nine go unanswered before the connection ends.
TEST(KeepAlive, ManyUnansweredEndTheConnection) {
  Talk t;
  t.establish();
  t.connection.set_keep_alive(10s, t.now);
  for (int i = 0; i < 9; ++i) t.expect_after(10s, ". 0:0(0) ack 1");
  t.expect_after(10s, "R 1:1(0)");
  t.at(closed);
  EXPECT_EQ(t.connection.status(), Error::user_timeout);
}

TEST(UserTimeout, IsKeptToTheInstant) {
  Talk t;
  t.establish();
  t.connection.set_user_timeout(2500ms, t.now);
  t.send(100);
  t.expect("P. 1:101(100) ack 1");
  t.expect_after(1s, "P. 1:101(100) ack 1");
  t.pass(1500ms - 1ns);
  t.at(established);
  t.pass(1ns);
  t.at(closed);
  EXPECT_EQ(t.connection.status(), Error::user_timeout);
}

TEST(UserTimeout, CutsATimerThatRuns) {
  Talk t;
  t.establish();
  t.send(100);
  t.expect("P. 1:101(100) ack 1");
  t.connection.set_user_timeout(500ms, t.now);
  t.pass(500ms);
  t.at(closed);
}

// SHLD-9 and MUST-20: the user hears of trouble at R1, once, long before R2.
TEST(Reports, RetransmissionsAtR1) {
  Talk t;
  t.establish();
  t.send(100);
  t.pass(3s);
  EXPECT_TRUE(t.reports.empty());
  t.pass(60s);
  EXPECT_THAT(t.reports, ElementsAre(Report::retransmissions));
  EXPECT_TRUE(t.traced(rule::r1_reached));
  EXPECT_EQ(t.connection.state(), established);
}

TEST(Reports, SoftErrorUntilAnAcknowledgmentComes) {
  Talk t;
  t.establish();
  t.send(100);
  t.expect("P. 1:101(100) ack 1");
  t.connection.on_icmp_error(false, t.iss + 1, t.now);
  EXPECT_THAT(t.reports, ElementsAre(Report::soft_error));
  EXPECT_EQ(t.connection.soft_error(), Error::unreachable);
  EXPECT_EQ(t.connection.status(), Error::none);
  t.peer(". 1:1(0) ack 101");
  EXPECT_EQ(t.connection.soft_error(), Error::none);
}

TEST(Reports, UrgentDataWhenItBeginsAndWhenItMovesOn) {
  Talk t;
  t.establish();
  t.peer("U. 1:11(10) ack 1 urg 5");
  t.peer("U. 11:21(10) ack 1 urg 10");
  t.peer(". 21:31(10) ack 1");
  EXPECT_THAT(t.reports, ElementsAre(Report::urgent, Report::urgent));
  EXPECT_EQ(t.connection.urgent_unread(), 20U);
  t.receive(30);
  EXPECT_EQ(t.connection.urgent_unread(), 0U);
  EXPECT_THAT(t.reports, ElementsAre(Report::urgent, Report::urgent, Report::urgent_data_ended));
}

// MUST-66: URG counts while nothing else is taken.
TEST(Reports, UrgentDataBehindAClosedWindow) {
  Config config;
  config.receive_buffer = 1000;
  Talk t(config);
  t.establish();
  t.peer("P. 1:1001(1000) ack 1");
  t.expect_after(200ms, ". 1:1(0) ack 1001 win 0");
  t.peer("U. 1001:1001(0) ack 1 urg 7");
  EXPECT_THAT(t.reports, ElementsAre(Report::urgent));
  EXPECT_EQ(t.connection.urgent_unread(), 1007U);
}

TEST(StopReceiving, WhatComesIsThrownAway) {
  Talk t;
  t.establish();
  EXPECT_EQ(t.connection.stop_receiving(t.now), Error::none);
  t.peer("P. 1:101(100) ack 1");
  // The right edge stays where it was: so small a step is not worth an update (3.8.6.2.2).
  t.expect_after(200ms, ". 1:1(0) ack 101 win 65435");
  EXPECT_TRUE(t.traced(rule::text_unwanted));
  EXPECT_EQ(t.receive_error(), Error::closing);
  t.at(established);
}

TEST(StopReceiving, ThenCloseOverUnreadTextResets) {
  Talk t;
  t.establish();
  t.peer("P. 1:101(100) ack 1");
  EXPECT_EQ(t.connection.stop_receiving(t.now), Error::none);
  EXPECT_EQ(t.close(), Error::none);
  t.expect("R 1:1(0)");
  t.at(closed);
}

TEST(Linger, OfZeroMakesCloseAnAbort) {
  Talk t;
  t.establish();
  t.connection.set_abort_on_close(true);
  t.send(100);
  t.expect("P. 1:101(100) ack 1");
  EXPECT_EQ(t.close(), Error::none);
  t.expect("R 101:101(0)");
  t.at(closed);
}

TEST(ReceiveBuffer, ShrinksOnlyAsTheWindowCloses) {
  Talk t;
  t.establish();
  t.peer("P. 1:1001(1000) ack 1");
  t.connection.set_receive_buffer(2000, t.now);
  t.peer("P. 1001:2001(1000) ack 1");
  t.expect(". 1:1(0) ack 2001 win 63535");  // the edge stays where it was
  t.receive(2000);
  t.peer("P. 2001:3001(1000) ack 1");
  t.peer("P. 3001:4001(1000) ack 1");
  t.expect(". 1:1(0) ack 4001 win 61535");
}

TEST(PathMtuClaims, BelievedUntilSomethingLargerHasArrived) {
  using Verdict = PathMtuClaims::Verdict;
  const Seq start{0xfffffff0};
  PathMtuClaims claims;
  claims.sent(1500, start + 1460);
  EXPECT_EQ(claims.claimed(1500, start), Verdict::ignore);
  EXPECT_EQ(claims.claimed(1400, start), Verdict::believe);
  claims.acknowledged(start + 1460);
  claims.sent(1500, start + 2920);
  EXPECT_EQ(claims.claimed(1400, start + 1460), Verdict::wait);
  EXPECT_FALSE(claims.timed_out(start));  // another segment
  EXPECT_EQ(claims.timed_out(start + 1460), 1400U);
  EXPECT_FALSE(claims.timed_out(start + 1460));
}

TEST(PathMtuClaims, ForgottenWhenTheSegmentArrives) {
  const Seq start{100};
  PathMtuClaims claims;
  claims.sent(1500, start + 1460);
  claims.acknowledged(start + 1460);
  claims.sent(1500, start + 2920);
  EXPECT_EQ(claims.claimed(1000, start + 1460), PathMtuClaims::Verdict::wait);
  claims.acknowledged(start + 2920);
  EXPECT_FALSE(claims.timed_out(start + 1460));
}

TEST(PathMtu, ASegmentTooBigGoesAgainInPieces) {
  Talk t;
  t.open_passive();
  t.peer("S 0:0(0) win 65535 <mss 1460>");
  t.expect("S. 0:0(0) ack 1 <mss 1460>");
  t.peer(". 1:1(0) ack 1");
  t.send(1460);
  t.expect("P. 1:1461(1460) ack 1");
  t.connection.on_packet_too_big(t.iss + 1, 1000, t.now);
  t.expect(". 1:961(960) ack 1");
  t.nothing();
  EXPECT_EQ(t.connection.path_mtu(), 1000U);
  t.peer(". 1:1(0) ack 961");
  t.expect("P. 961:1461(500) ack 1");
  t.connection.on_packet_too_big(t.iss + 5000, 600, t.now);  // quotes nothing in flight
  EXPECT_EQ(t.connection.path_mtu(), 1000U);
  EXPECT_TRUE(t.traced(rule::icmp_not_ours));
}

}  // namespace
}  // namespace tcproof::tcp::test
