// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/congestion.h"

#include "stack/tcp/rules.h"
#include "tests/stack/tcp/peer.h"

// RFC 5681, 6582 and 3042: first the arithmetic, then on the wire with an SMSS of 1000.

namespace tcproof::tcp::test {
namespace {

using enum State;
using Duplicate = Congestion::Duplicate;

Congestion begun(std::uint32_t smss = 1000, bool syn_was_lost = false) {
  Congestion c;
  c.begin(smss, syn_was_lost);
  return c;
}

Duplicate third_duplicate(Congestion& c, Seq nxt, std::uint32_t flight_size) {
  EXPECT_EQ(c.duplicate(nxt, flight_size), Duplicate::limited_transmit);
  EXPECT_EQ(c.duplicate(nxt, flight_size), Duplicate::limited_transmit);
  return c.duplicate(nxt, flight_size);
}

TEST(Congestion, InitialWindowBySmss) {
  EXPECT_EQ(begun(536).cwnd(), 4U * 536);
  EXPECT_EQ(begun(1095).cwnd(), 4U * 1095);
  EXPECT_EQ(begun(1096).cwnd(), 3U * 1096);
  EXPECT_EQ(begun(2190).cwnd(), 3U * 2190);
  EXPECT_EQ(begun(2191).cwnd(), 2U * 2191);
  EXPECT_EQ(begun(1000, true).cwnd(), 1000U);
}

TEST(Congestion, TheInitialWindowShrinksWithItsSegments) {
  Congestion c = begun(1460);
  c.set_smss(536);
  EXPECT_EQ(c.cwnd(), 3U * 536);
  Congestion later = begun(1460);
  later.acknowledged(Seq{1461}, 1460, 2920);
  const std::uint32_t cwnd = later.cwnd();
  later.set_smss(536);
  EXPECT_EQ(later.cwnd(), cwnd);
  Congestion none;
  none.set_smss(536);
  EXPECT_EQ(none.cwnd(), 0U);
}

TEST(Congestion, WithSackCwndIsHalvedAndNotInflated) {
  Congestion c;
  c.begin(1000, false, true);
  for (std::uint32_t i = 1; i <= 6; ++i) c.acknowledged(Seq{i * 1000}, 1000, 0);
  EXPECT_EQ(c.sack_duplicate(Seq{20000}, 8000, false), Duplicate::limited_transmit);
  EXPECT_EQ(c.sack_duplicate(Seq{20000}, 8000, true), Duplicate::fast_retransmit);
  EXPECT_EQ(c.cwnd(), 4000U);
  EXPECT_EQ(c.ssthresh(), 4000U);
  EXPECT_EQ(c.sack_duplicate(Seq{20000}, 8000, true), Duplicate::nothing);
  c.acknowledged(Seq{19999}, 1000, 1);
  EXPECT_TRUE(c.recovering());
  c.acknowledged(Seq{20000}, 1, 0);  // 6675 5 (A)
  EXPECT_FALSE(c.recovering());
  EXPECT_EQ(c.cwnd(), 4000U);
}

TEST(Congestion, WithSackNoRecoveryBelowTheTimeoutsPoint) {
  Congestion c;
  c.begin(1000, false, true);
  c.timed_out(Seq{20000}, 8000, false);
  EXPECT_EQ(c.sack_duplicate(Seq{20000}, 8000, true), Duplicate::nothing);
  c.acknowledged(Seq{20000}, 8000, 0);  // 6675 5.1: reached is enough
  EXPECT_EQ(c.sack_duplicate(Seq{30000}, 8000, true), Duplicate::fast_retransmit);
}

TEST(Congestion, NothingMayBeSentBeforeTheSynIsAcknowledged) {
  EXPECT_EQ(Congestion().room(0), 0U);
}

TEST(Congestion, SlowStartCountsOctetsButNoMoreThanSmss) {
  Congestion c = begun();
  c.acknowledged(Seq{101}, 100, 3900);
  EXPECT_EQ(c.cwnd(), 4100U);
  c.acknowledged(Seq{2101}, 2000, 1900);
  EXPECT_EQ(c.cwnd(), 5100U);
  c.acknowledged(Seq{2101}, 0, 0);  // a FIN of ours
  EXPECT_EQ(c.cwnd(), 5100U);
}

TEST(Congestion, TimeoutHalvesOnceAndBeginsWithOneSegment) {
  Congestion c = begun();
  for (std::uint32_t i = 1; i <= 6; ++i) c.acknowledged(Seq{i * 1000}, 1000, 0);
  c.timed_out(Seq{20000}, 10000, false);
  EXPECT_EQ(c.ssthresh(), 5000U);
  EXPECT_EQ(c.cwnd(), 1000U);
  c.timed_out(Seq{20000}, 10000, true);
  EXPECT_EQ(c.ssthresh(), 5000U);
}

TEST(Congestion, SsthreshIsAtLeastTwoSegments) {
  Congestion c = begun();
  c.timed_out(Seq{1000}, 1000, false);
  EXPECT_EQ(c.ssthresh(), 2000U);
}

// One segment for each cwnd acknowledged; slow start before that.
TEST(Congestion, AvoidanceBeginsAtSsthresh) {
  Congestion c = begun();
  c.timed_out(Seq{4001}, 4000, false);  // ssthresh 2000
  c.acknowledged(Seq{1001}, 1000, 3000);
  EXPECT_EQ(c.cwnd(), 2000U);
  c.acknowledged(Seq{2001}, 1000, 2000);
  EXPECT_EQ(c.cwnd(), 2000U);
  c.acknowledged(Seq{3001}, 1000, 1000);
  EXPECT_EQ(c.cwnd(), 3000U);
  for (std::uint32_t i = 1; i <= 2; ++i) c.acknowledged(Seq{3001 + i * 1000}, 1000, 0);
  EXPECT_EQ(c.cwnd(), 3000U);
  c.acknowledged(Seq{6001}, 1000, 0);
  EXPECT_EQ(c.cwnd(), 4000U);
}

TEST(Congestion, LimitedRoomIsTwoSegmentsBeyondCwnd) {
  Congestion c = begun();
  EXPECT_EQ(c.room(3500), 500U);
  EXPECT_EQ(c.room(4500), 0U);
  EXPECT_EQ(c.limited_room(4500), 1500U);
  EXPECT_EQ(c.limited_room(6500), 0U);
}

// What limited transmit has sent does not count as FlightSize.
TEST(Congestion, ThirdDuplicateHalvesAndInflates) {
  Congestion c = begun();
  EXPECT_EQ(c.duplicate(Seq{5001}, 4000), Duplicate::limited_transmit);
  EXPECT_EQ(c.duplicate(Seq{6001}, 5000), Duplicate::limited_transmit);
  EXPECT_EQ(c.cwnd(), 4000U);
  EXPECT_EQ(c.duplicate(Seq{6001}, 6000), Duplicate::fast_retransmit);
  EXPECT_EQ(c.ssthresh(), 2000U);
  EXPECT_EQ(c.cwnd(), 5000U);
  EXPECT_EQ(c.duplicate(Seq{6001}, 6000), Duplicate::inflated);
  EXPECT_EQ(c.cwnd(), 6000U);
}

TEST(Congestion, NewDataBetweenDuplicatesStartsTheCountAnew) {
  Congestion c = begun();
  c.duplicate(Seq{4001}, 4000);
  c.duplicate(Seq{4001}, 4000);
  c.acknowledged(Seq{1001}, 1000, 3000);
  EXPECT_EQ(third_duplicate(c, Seq{4001}, 3000), Duplicate::fast_retransmit);
}

TEST(Congestion, PartialAcknowledgmentDeflates) {
  Congestion c = begun();
  third_duplicate(c, Seq{4001}, 4000);  // cwnd 5000
  c.acknowledged(Seq{2001}, 2000, 2000);
  EXPECT_TRUE(c.recovering());
  EXPECT_EQ(c.cwnd(), 4000U);
  EXPECT_FALSE(c.past_first_partial());
  c.acknowledged(Seq{2501}, 500, 1500);  // less than SMSS: nothing is added back
  EXPECT_EQ(c.cwnd(), 3500U);
  EXPECT_TRUE(c.past_first_partial());
}

TEST(Congestion, FullAcknowledgmentEndsRecoveryNearTheFlight) {
  for (const std::uint32_t flight : {0U, 9000U}) {
    Congestion c = begun();
    for (std::uint32_t i = 1; i <= 6; ++i) c.acknowledged(Seq{i * 1000}, 1000, 0);  // 10000
    third_duplicate(c, Seq{16000}, 10000);
    c.acknowledged(Seq{16000}, 10000, flight);
    EXPECT_FALSE(c.recovering());
    EXPECT_EQ(c.ssthresh(), 5000U);
    EXPECT_EQ(c.cwnd(), flight == 0 ? 2000U : 5000U);
  }
}

// RFC 6582 3.2 step 2: what does not cover more than recover starts no second recovery, after a
// recovery or a timeout.
TEST(Congestion, RecoverMustBeCovered) {
  Congestion c = begun();
  third_duplicate(c, Seq{4001}, 4000);
  c.acknowledged(Seq{4001}, 4000, 2000);
  EXPECT_EQ(third_duplicate(c, Seq{6001}, 2000), Duplicate::nothing);
  c.acknowledged(Seq{4002}, 1, 2000);
  EXPECT_EQ(third_duplicate(c, Seq{6001}, 2000), Duplicate::fast_retransmit);
  c.timed_out(Seq{6001}, 2000, false);
  EXPECT_FALSE(c.recovering());
  c.acknowledged(Seq{5001}, 999, 1000);
  EXPECT_EQ(third_duplicate(c, Seq{6001}, 1000), Duplicate::nothing);
  EXPECT_EQ(c.duplicate(Seq{6001}, 1000), Duplicate::nothing);
}

// 5681 4.3: the loss of a retransmission is a second loss.
TEST(Congestion, TimeoutInRecoveryHalvesAgain) {
  Congestion c = begun();
  for (std::uint32_t i = 1; i <= 12; ++i) c.acknowledged(Seq{i * 1000}, 1000, 0);  // 16000
  third_duplicate(c, Seq{30000}, 16000);
  EXPECT_EQ(c.ssthresh(), 8000U);
  c.timed_out(Seq{30000}, 16000, false);
  EXPECT_EQ(c.ssthresh(), 4000U);
}

TEST(Congestion, RestartsAfterMoreThanOneRto) {
  Congestion c = begun();
  c.acknowledged(Seq{1001}, 1000, 0);
  c.sent(Instant{10s});
  EXPECT_FALSE(c.restart_after_idle(Instant{11s}, 1s));
  EXPECT_TRUE(c.restart_after_idle(Instant{11s} + 1ns, 1s));
  EXPECT_EQ(c.cwnd(), 4000U);
  c.timed_out(Seq{2001}, 1000, false);
  EXPECT_FALSE(c.restart_after_idle(Instant{60s}, 1s));  // min(IW, cwnd)
  EXPECT_EQ(c.cwnd(), 1000U);
}

Config without_nagle() {
  Config config;
  config.nagle = false;
  return config;
}

void expect_flight(Talk& t, std::size_t from, std::size_t to) {
  for (std::size_t seq = from; seq < to; seq += 1000) {
    t.expect(". " + std::to_string(seq) + ":" + std::to_string(seq + 1000) + "(1000) ack 1");
  }
  t.nothing();
}

void duplicates(Talk& t, std::size_t ack, int times) {
  for (int i = 0; i < times; ++i) t.peer(". 1:1(0) ack " + std::to_string(ack));
}

TEST(CongestionOnTheWire, InitialWindowThenSlowStart) {
  Talk t;
  t.establish();
  t.send(30500);
  expect_flight(t, 1, 4001);
  t.peer(". 1:1(0) ack 1001");
  expect_flight(t, 4001, 6001);
  t.peer(". 1:1(0) ack 3001");  // a stretch ACK opens cwnd by one segment only
  expect_flight(t, 6001, 9001);
}

TEST(CongestionOnTheWire, OneSegmentAfterALostSynAck) {
  Talk t;
  reach(t, syn_received);
  t.expect_after(1s, "S. 0:0(0) ack 1 <mss 1460>");
  t.peer(". 1:1(0) ack 1");
  t.send(5500);
  expect_flight(t, 1, 1001);
  t.peer(". 1:1(0) ack 1001");
  expect_flight(t, 1001, 3001);
}

TEST(CongestionOnTheWire, FinIsNotHeldByCwnd) {
  Talk t;
  t.establish();
  t.send(4000);
  t.expect(". 1:1001(1000) ack 1");
  t.expect(". 1001:2001(1000) ack 1");
  t.expect(". 2001:3001(1000) ack 1");
  t.expect("P. 3001:4001(1000) ack 1");
  t.close();
  t.expect("F. 4001:4001(0) ack 1");
}

TEST(CongestionOnTheWire, LimitedTransmitThenFastRetransmitThenInflation) {
  Talk t;
  t.establish();
  t.send(20500);
  expect_flight(t, 1, 4001);
  duplicates(t, 1, 1);
  expect_flight(t, 4001, 5001);
  duplicates(t, 1, 1);
  expect_flight(t, 5001, 6001);
  EXPECT_TRUE(t.traced(rule::limited_transmit));
  duplicates(t, 1, 1);  // ssthresh 2000, cwnd 5000
  expect_flight(t, 1, 1001);
  EXPECT_TRUE(t.traced(rule::fast_retransmit));
  duplicates(t, 1, 1);
  t.nothing();
  duplicates(t, 1, 1);  // cwnd 7000
  expect_flight(t, 6001, 7001);
  t.peer(". 1:1(0) ack 6001");  // all that was outstanding: cwnd min(2000, 1000 + 1000)
  expect_flight(t, 7001, 8001);
}

TEST(CongestionOnTheWire, PartialAckBringsTheNextHoleAtOnce) {
  Talk t;
  t.establish();
  t.send(4000);
  t.expect(". 1:1001(1000) ack 1");
  t.expect(". 1001:2001(1000) ack 1");
  t.expect(". 2001:3001(1000) ack 1");
  t.expect("P. 3001:4001(1000) ack 1");
  duplicates(t, 1, 3);
  expect_flight(t, 1, 1001);
  t.peer(". 1:1(0) ack 2001");
  expect_flight(t, 2001, 3001);
  EXPECT_TRUE(t.traced(rule::partial_ack));
  duplicates(t, 2001, 5);  // inflate only
  t.nothing();
  t.peer(". 1:1(0) ack 4001");
  t.nothing();
  EXPECT_FALSE(t.connection.next_deadline());
}

TEST(CongestionOnTheWire, OnlyTheFirstPartialAckRestartsTheTimer) {
  Talk t;
  t.establish();
  t.send(4500);
  expect_flight(t, 1, 4001);
  duplicates(t, 1, 3);
  expect_flight(t, 1, 1001);
  t.pass(500ms);
  t.peer(". 1:1(0) ack 1001");
  expect_flight(t, 1001, 2001);  // Nagle holds the last 500 octets
  const auto deadline = t.connection.next_deadline();
  EXPECT_EQ(*deadline, t.now + 1s);
  t.pass(500ms);
  t.peer(". 1:1(0) ack 2001");
  expect_flight(t, 2001, 3001);
  EXPECT_EQ(t.connection.next_deadline(), deadline);
}

// Each differs in one condition of RFC 5681 2 from a duplicate.
TEST(CongestionOnTheWire, WhatIsNoDuplicate) {
  Talk t;
  t.establish();
  t.peer(". 1:1(0) ack 1");  // (a) nothing outstanding
  duplicates(t, 1, 5);
  t.send(4500);
  expect_flight(t, 1, 4001);
  duplicates(t, 1, 1);                    // the only one so far; Nagle holds the last 500 octets
  t.peer(". 1:11(10) ack 1");             // (b)
  t.peer(". 11:11(0) ack 1 win 60000");   // (e)
  t.peer(". 11:11(0) ack 1 win 60001");   // (e)
  t.peer("F. 11:11(0) ack 1 win 60001");  // (c)
  t.expect(". 4001:4001(0) ack 12");
  t.nothing();
  t.peer(". 12:12(0) ack 1 win 60001");
  t.nothing();
  t.peer(". 12:12(0) ack 1 win 60001");
  t.expect(". 1:1001(1000) ack 12");
  t.nothing();
}

TEST(CongestionOnTheWire, AnswersToZeroWindowProbesAreNoDuplicates) {
  Talk t;
  t.establish(0);
  t.send(100);
  t.expect_after(1s, ". 1:2(1) ack 1");
  for (int i = 0; i < 5; ++i) t.peer(". 1:1(0) ack 1 win 0");
  t.nothing();
}

TEST(CongestionOnTheWire, TimeoutBeginsAgainWithOneSegment) {
  Talk t;
  t.establish();
  t.send(20500);
  expect_flight(t, 1, 4001);
  t.expect_after(1s, ". 1:1001(1000) ack 1");
  t.nothing();
  t.peer(". 1:1(0) ack 4001");  // cwnd 2000
  expect_flight(t, 4001, 6001);
  t.peer(". 1:1(0) ack 5001");  // ssthresh 2000: congestion avoidance
  expect_flight(t, 6001, 7001);
  t.peer(". 1:1(0) ack 6001");
  expect_flight(t, 7001, 9001);
}

TEST(CongestionOnTheWire, DuplicatesAfterATimeoutBringNothingBack) {
  Talk t;
  t.establish();
  t.send(20500);
  expect_flight(t, 1, 4001);
  t.expect_after(1s, ". 1:1001(1000) ack 1");
  duplicates(t, 1, 4);
  t.nothing();
}

TEST(CongestionOnTheWire, RestartWindowAfterIdle) {
  Talk t(without_nagle());
  t.establish();
  t.send(4000);
  t.expect(". 1:1001(1000) ack 1");
  t.expect(". 1001:2001(1000) ack 1");
  t.expect(". 2001:3001(1000) ack 1");
  t.expect("P. 3001:4001(1000) ack 1");
  for (const char* ack : {"1001", "2001", "3001", "4001"}) {
    t.peer(std::string(". 1:1(0) ack ") + ack);
  }
  t.pass(1s + 1ns);  // cwnd 8000
  t.send(20500);
  expect_flight(t, 4001, 8001);
  EXPECT_TRUE(t.traced(rule::restart_window));
}

}  // namespace
}  // namespace tcproof::tcp::test
