// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/retransmit.h"

#include "stack/tcp/rules.h"
#include "tests/stack/tcp/peer.h"

// RFC 6298 and RFC 9293 3.8.1, 3.8.3.

namespace tcproof::tcp::test {
namespace {

using enum State;

RtoEstimator estimator(Duration min = 0ns) {
  return RtoEstimator({1s, min, 60s});
}

TEST(Rto, FirstAndLaterSamples) {
  RtoEstimator rto = estimator();
  EXPECT_EQ(rto.rto(), 1s);
  rto.sample(100ms);  // SRTT 100, RTTVAR 50
  EXPECT_EQ(rto.rto(), 300ms);
  rto.sample(180ms);  // RTTVAR 3/4*50+1/4*80 = 57.5, SRTT 7/8*100+1/8*180 = 110
  EXPECT_EQ(rto.rto(), 110ms + 4 * 57500us);
  rto.sample(30ms);  // RTTVAR 3/4*57.5+1/4*80 = 63.125, SRTT 7/8*110+1/8*30 = 100
  EXPECT_EQ(rto.rto(), 100ms + 4 * 63125us);
}

TEST(Rto, IsBounded) {
  RtoEstimator rto = estimator(1s);
  rto.sample(1ms);
  EXPECT_EQ(rto.rto(), 1s);
  rto.sample(600s);
  EXPECT_EQ(rto.rto(), 60s);
}

TEST(Rto, VarianceIsAtLeastTheClocksResolution) {
  RtoEstimator rto = estimator();
  for (int i = 0; i < 200; ++i) rto.sample(100ms);
  EXPECT_GT(rto.rto(), 100ms);
  EXPECT_LT(rto.rto(), 101ms);
}

TEST(Rto, KarnForgetsWhatIsSentAgain) {
  RtoEstimator rto = estimator();
  rto.time(Seq{10}, Instant{});
  rto.forget_timed();
  rto.acknowledged(Seq{10}, Instant{5s});
  EXPECT_EQ(rto.rto(), 1s);
  rto.time(Seq{20}, Instant{});
  rto.time(Seq{30}, Instant{2s});  // one at a time
  rto.acknowledged(Seq{19}, Instant{3s});
  EXPECT_EQ(rto.rto(), 1s);
  rto.acknowledged(Seq{20}, Instant{4s});
  EXPECT_EQ(rto.rto(), 12s);
}

TEST(Retransmission, DoublesAndStopsWithTheAck) {
  Talk t;
  t.establish();
  t.send(100);
  t.expect("P. 1:101(100) ack 1");
  for (const Duration gap : {1s, 2s, 4s, 8s}) t.expect_after(gap, "P. 1:101(100) ack 1");
  EXPECT_TRUE(t.traced(rule::r1_reached));
  t.peer(". 1:1(0) ack 101");
  EXPECT_FALSE(t.connection.next_deadline());
}

// The backed-off value holds until something sent once is acknowledged (Karn's second part).
TEST(Retransmission, BackOffOutlivesAnAmbiguousAck) {
  Talk t;
  t.establish();
  t.send(100);
  t.expect("P. 1:101(100) ack 1");
  t.expect_after(1s, "P. 1:101(100) ack 1");
  t.expect_after(2s, "P. 1:101(100) ack 1");
  t.peer(". 1:1(0) ack 101");
  t.send(100);
  t.expect("P. 101:201(100) ack 1");
  t.expect_after(4s, "P. 101:201(100) ack 1");
  t.peer(". 1:1(0) ack 201");
  t.send(100);
  t.expect("P. 201:301(100) ack 1");
  t.pass(10ms);
  t.peer(". 1:1(0) ack 301");
  t.send(100);
  t.expect("P. 301:401(100) ack 1");
  t.expect_after(1s, "P. 301:401(100) ack 1");
}

TEST(Retransmission, NewAckRestartsTheTimer) {
  Config config;
  config.nagle = false;
  Talk t(config);
  t.establish();
  t.send(2000);
  t.expect(". 1:1001(1000) ack 1");
  t.expect("P. 1001:2001(1000) ack 1");
  t.pass(900ms);
  t.peer(". 1:1(0) ack 1001");
  t.nothing();
  // The SYN's sample was 0; with 900 ms RTTVAR is 225 ms and SRTT 112.5 ms.
  EXPECT_EQ(t.connection.next_deadline(), t.now + 1012500us);
}

// Only the earliest is sent again; each acknowledgment of part of the flight brings the next.
TEST(Retransmission, EarliestFirst) {
  Talk t;
  t.establish();
  t.send(3000);
  t.expect(". 1:1001(1000) ack 1");
  t.expect(". 1001:2001(1000) ack 1");
  t.expect("P. 2001:3001(1000) ack 1");
  t.expect_after(1s, ". 1:1001(1000) ack 1");
  t.nothing();
  t.peer(". 1:1(0) ack 1001");  // slow start: cwnd is two segments now
  t.expect(". 1001:2001(1000) ack 1");
  t.expect("P. 2001:3001(1000) ack 1");
  t.peer(". 1:1(0) ack 3001");
  t.nothing();
  EXPECT_FALSE(t.connection.next_deadline());
}

TEST(Retransmission, OfTheFin) {
  Talk t;
  t.establish();
  t.send(100);
  t.close();
  t.expect("P. 1:101(100) ack 1");
  t.expect("F. 101:101(0) ack 1");
  t.expect_after(1s, "FP. 1:101(100) ack 1");
  t.peer(". 1:1(0) ack 101");
  t.nothing();  // the FIN has been sent again; whether it was lost the timer says
  t.expect_after(2s, "F. 101:101(0) ack 1");
  t.peer(". 1:1(0) ack 102");
  t.at(fin_wait_2);
}

TEST(Retransmission, GivesUpAfterR2) {
  Talk t;
  t.establish();
  t.send(100);
  t.expect("P. 1:101(100) ack 1");
  for (const Duration gap : {1s, 2s, 4s, 8s, 16s, 32s}) t.expect_after(gap, "P. 1:101(100) ack 1");
  t.pass(37s - 1ns);  // R2 is 100 s, to the instant
  t.at(established);
  t.pass(1ns);
  t.at(closed);
  EXPECT_EQ(t.connection.status(), Error::user_timeout);
  EXPECT_EQ(t.receive_error(), Error::user_timeout);
}

TEST(Retransmission, SoftErrorNamesTheReasonOfGivingUp) {
  Talk t;
  reach(t, syn_sent);
  t.connection.on_icmp_error(false, t.iss, t.now);
  t.at(syn_sent);
  t.pass(200s);
  EXPECT_EQ(t.connection.state(), closed);
  EXPECT_EQ(t.connection.status(), Error::unreachable);
}

TEST(SynRetransmission, AtLeastThreeMinutes) {
  Talk t;
  reach(t, syn_sent);
  for (const Duration gap : {1s, 2s, 4s, 8s, 16s, 32s, 60s}) {
    t.expect_after(gap, "S 0:0(0) win 65535 <mss 1460>");
  }
  t.pass(57s - 1ns);  // R2 of a SYN is three minutes
  t.at(syn_sent);
  t.pass(1ns);
  t.at(closed);
  EXPECT_EQ(t.connection.status(), Error::user_timeout);
}

TEST(SynRetransmission, SynAckToo) {
  Talk t;
  reach(t, syn_received);
  t.expect_after(1s, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
  t.expect_after(2s, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
}

// RFC 6298 5.7: three seconds once data transmission begins.
TEST(SynRetransmission, LeavesAnRtoOfThreeSeconds) {
  Talk t;
  reach(t, syn_sent);
  t.expect_after(1s, "S 0:0(0) <mss 1460>");
  t.peer("S. 0:0(0) ack 1 <mss 1000>");
  t.expect(". 1:1(0) ack 1");
  t.send(100);
  t.expect("P. 1:101(100) ack 1");
  t.expect_after(3s, "P. 1:101(100) ack 1");
}

TEST(SynRetransmission, StopsWithTheHandshake) {
  Talk t;
  reach(t, syn_received);
  t.peer(". 1:1(0) ack 1");
  EXPECT_FALSE(t.connection.next_deadline());
}

}  // namespace
}  // namespace tcproof::tcp::test
