// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "stack/tcp/rules.h"
#include "tests/stack/tcp/peer.h"

// Window scale, timestamps and SACK on the wire: what is offered, answered and carried.

namespace tcproof::tcp::test {
namespace {

using enum State;

class WithOptions : public ::testing::Test {
 protected:
  static Config config() {
    Config c;
    c.receive_buffer = 1 << 18;
    return c;
  }
  Talk t{config(), Seq{0xfffffff0}, Seq{0xffffff80}, Talk::Options::on};

  /// Passive, SACK and timestamps agreed, the peer's MSS 1012: 1000 octets of text a segment.
  void establish() {
    t.open_passive();
    t.peer("S 0:0(0) win 65535 <mss 1012,sackOK,TS val 100 ecr 0>");
    t.expect("S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 0 ecr 100>");
    t.peer(". 1:1(0) ack 1 win 65535 <nop,nop,TS val 100 ecr 0>");
    t.at(established);
  }
  /// The segment of 1000 octets from 1000 * `number` on.
  static std::string segment_of(int number) {
    const int first = 1000 * number + 1;
    return ". " + std::to_string(first) + ":" + std::to_string(first + 1000) +
           "(1000) ack 1 <TS val 0 ecr 100>";
  }
  void send_four_segments() {
    t.send(4000);
    for (int i = 0; i < 3; ++i) t.expect(segment_of(i));
    t.expect("P. 3001:4001(1000) ack 1 <TS val 0 ecr 100>");
  }
  /// Slow start, up to 4001.
  void grow_to_eight_segments() {
    send_four_segments();
    for (int i = 1; i <= 4; ++i)
      t.peer(". 1:1(0) ack " + std::to_string(1000 * i + 1) + " <nop,nop,TS val 100 ecr 0>");
  }
  /// Recovery has begun, and the first segment is sent again.
  void lose_the_first_of_four() {
    send_four_segments();
    t.peer(". 1:1(0) ack 1 <nop,nop,TS val 100 ecr 0,nop,nop,sack 1001:4001>");
    EXPECT_TRUE(t.traced(rule::sack_recovery));
    t.expect(segment_of(0));
    t.nothing();
  }
};

// The first retransmission came through and its ACK is lost. The next one draws an ACK that echoes
// the first: the seconds in between are no round trip, so they make no RTO of many seconds.
TEST_F(WithOptions, ALostAckIsNoRoundTrip) {
  establish();
  t.send(1000);
  t.expect("P. 1:1001(1000) ack 1 <TS val 0 ecr 100>");
  t.expect_after(1s, "P. 1:1001(1000) ack 1 <TS val 1000 ecr 100>");
  t.expect_after(2s, "P. 1:1001(1000) ack 1 <TS val 3000 ecr 100>");
  t.pass(10ms);
  t.peer(". 1:1(0) ack 1001 win 65535 <nop,nop,TS val 200 ecr 1000>");
  t.send(1000);
  t.expect("P. 1001:2001(1000) ack 1 <TS val 3010 ecr 200>");
  t.pass(10ms);
  t.peer(". 1:1(0) ack 2001 win 65535 <nop,nop,TS val 210 ecr 3010>");
  t.send(1000);
  t.expect("P. 2001:3001(1000) ack 1 <TS val 3020 ecr 210>");
  t.expect_after(1s, "P. 2001:3001(1000) ack 1 <TS val 4020 ecr 210>");
}

TEST_F(WithOptions, TheEchoOfTheLatestRetransmissionIsARoundTrip) {
  establish();
  t.send(1000);
  t.expect("P. 1:1001(1000) ack 1 <TS val 0 ecr 100>");
  t.expect_after(1s, "P. 1:1001(1000) ack 1 <TS val 1000 ecr 100>");
  t.expect_after(2s, "P. 1:1001(1000) ack 1 <TS val 3000 ecr 100>");
  t.pass(10ms);
  t.peer(". 1:1(0) ack 1001 win 65535 <nop,nop,TS val 200 ecr 3000>");
  t.send(1000);
  t.expect("P. 1001:2001(1000) ack 1 <TS val 3010 ecr 200>");
  t.expect_after(1s, "P. 1001:2001(1000) ack 1 <TS val 4010 ecr 200>");  // the back-off is over
}

TEST_F(WithOptions, AnActiveOpenOffersAll) {
  t.open_active();
  t.expect("S 0:0(0) win 65535 <mss 1460,sackOK,TS val 0 ecr 0,wscale 3>");
  t.peer("S. 0:0(0) ack 1 win 1000 <mss 1000,sackOK,TS val 7 ecr 0,wscale 2>");
  t.expect(". 1:1(0) ack 1 win 32768 <TS val 0 ecr 7>");  // 2^18 octets
}

TEST_F(WithOptions, AnAnswerHasWhatWasOfferedOnly) {
  t.open_passive();
  t.peer("S 0:0(0) win 65535 <mss 1000,wscale 200>");
  EXPECT_TRUE(t.traced(rule::shift_too_large));
  t.expect("S. 0:0(0) ack 1 win 65535 <mss 1460,wscale 3>");
}

TEST_F(WithOptions, WithoutScalingTheWindowEndsAtSixteenBits) {
  t.open_passive();
  t.peer("S 0:0(0) win 65535 <mss 1000>");
  t.expect("S. 0:0(0) ack 1 win 65535 <mss 1460>");
  t.peer("P. 1:1001(1000) ack 1");
  t.pass(1s);
  t.expect(". 1:1(0) ack 1001 win 64535");
  t.receive(1000);
  t.peer("P. 1001:2001(1000) ack 1");
  t.pass(1s);
  t.expect(". 1:1(0) ack 2001 win 64535");
}

TEST_F(WithOptions, AListenerForgetsWhatOnePeerAgreed) {
  t.open_passive();
  t.peer("S 0:0(0) win 65535 <mss 1012,sackOK,TS val 100 ecr 0,wscale 2>");
  t.expect("S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 0 ecr 100,wscale 3>");
  t.peer("R 1:1(0)");
  t.at(listen);
  t.peer("S 0:0(0) win 65535 <mss 1000>");
  t.expect("S. 0:0(0) ack 1 win 65535 <mss 1460>");
}

TEST_F(WithOptions, TextMakesPlaceForTheOptions) {
  establish();
  EXPECT_EQ(t.connection.effective_send_mss(), 1000);
  t.peer(". 101:201(100) ack 1 <nop,nop,TS val 100 ecr 0>");
  t.expect(". 1:1(0) ack 1 <TS val 0 ecr 100,sack 101:201>");
  t.send(2000);  // a block of SACK is twelve octets with its header
  t.expect(". 1:989(988) ack 1 <TS val 0 ecr 100,sack 101:201>");
  t.expect(". 989:1977(988) ack 1 <TS val 0 ecr 100,sack 101:201>");
}

TEST_F(WithOptions, AMissingTimestampIsSilent) {
  establish();
  t.peer("P. 1:101(100) ack 1");
  t.at(established);
  EXPECT_TRUE(t.traced(rule::timestamp_missing));
}

TEST_F(WithOptions, OldEmptySegmentsAreAnsweredWithinTheLimitOnly) {
  establish();
  for (int i = 0; i < 150; ++i) t.peer(". 1:1(0) ack 1 <nop,nop,TS val 99 ecr 0>");
  for (int i = 0; i < 100; ++i) t.expect(". 1:1(0) ack 1 <TS val 0 ecr 100>");
  t.nothing();
}

TEST_F(WithOptions, ARoundTripIsMeasuredThoughTheSegmentWasSentAgain) {
  establish();
  t.send(100);
  t.expect("P. 1:101(100) ack 1 <TS val 0 ecr 100>");
  t.expect_after(1s, "P. 1:101(100) ack 1 <TS val 1000 ecr 100>");
  t.pass(10ms);
  t.peer(". 1:1(0) ack 101 <nop,nop,TS val 101 ecr 1000>");  // Karn's rule is not needed
  t.send(100);
  t.expect("P. 101:201(100) ack 1 <TS val 1010 ecr 101>");
  t.expect_after(1s, "P. 101:201(100) ack 1 <TS val 2010 ecr 101>");
}

TEST_F(WithOptions, NewTextGoesBeforeARescue) {
  establish();
  t.send(4000);
  t.expect(". 1:1001(1000) ack 1 <TS val 0 ecr 100>");
  t.expect(". 1001:2001(1000) ack 1 <TS val 0 ecr 100>");
  t.expect(". 2001:3001(1000) ack 1 <TS val 0 ecr 100>");
  t.expect("P. 3001:4001(1000) ack 1 <TS val 0 ecr 100>");
  t.peer(". 1:1(0) ack 2001 <nop,nop,TS val 100 ecr 0>");
  t.send(4000);
  for (const char* line :
       {". 4001:5001(1000) ack 1 <TS val 0 ecr 100>", ". 5001:6001(1000) ack 1 <TS val 0 ecr 100>",
        ". 6001:7001(1000) ack 1 <TS val 0 ecr 100>"}) {
    t.expect(line);
  }
  t.nothing();  // cwnd is five; 2001 and 6001 are lost
  t.peer(". 1:1(0) ack 2001 <nop,nop,TS val 100 ecr 0,nop,nop,sack 3001:6001>");
  EXPECT_TRUE(t.traced(rule::sack_recovery));
  t.expect(". 2001:3001(1000) ack 1 <TS val 0 ecr 100>");
  t.nothing();  // pipe: 6001 and the retransmission; cwnd is two and a half
  t.peer(". 1:1(0) ack 6001 <nop,nop,TS val 100 ecr 0>");
  t.expect("P. 7001:8001(1000) ack 1 <TS val 0 ecr 100>");  // new text before any guess
  t.nothing();
}

// RFC 6675 4 (4): of six segments the first and the last are lost; nothing can prove the latter.
TEST_F(WithOptions, TheTailIsRescuedOnceBeforeTheTimer) {
  establish();
  grow_to_eight_segments();
  t.send(6000);
  for (int i = 4; i < 9; ++i) t.expect(segment_of(i));
  t.expect("P. 9001:10001(1000) ack 1 <TS val 0 ecr 100>");
  t.peer(". 1:1(0) ack 4001 <nop,nop,TS val 100 ecr 0,nop,nop,sack 5001:9001>");
  t.expect(segment_of(4));
  t.nothing();
  EXPECT_FALSE(t.traced(rule::rescue));
  t.peer(". 1:1(0) ack 9001 <nop,nop,TS val 100 ecr 0>");
  t.expect("P. 9001:10001(1000) ack 1 <TS val 0 ecr 100>");
  EXPECT_TRUE(t.traced(rule::rescue));
  t.nothing();
}

// The scoreboard is cleared, so the recovery under way can no more tell what is lost.
TEST_F(WithOptions, APathThatNarrowsDuringRecoveryHasAllSentAgain) {
  establish();
  lose_the_first_of_four();
  t.connection.on_packet_too_big(t.iss + 1, 552, t.now);
  EXPECT_TRUE(t.traced(rule::too_big_believed));
  t.expect(". 1:501(500) ack 1 <TS val 0 ecr 100>");
  t.peer(". 1:1(0) ack 501 <nop,nop,TS val 100 ecr 0>");
  t.expect(". 501:1001(500) ack 1 <TS val 0 ecr 100>");
  t.expect(". 1001:1501(500) ack 1 <TS val 0 ecr 100>");
  t.expect(". 1501:2001(500) ack 1 <TS val 0 ecr 100>");
  t.expect(". 2001:2501(500) ack 1 <TS val 0 ecr 100>");
  t.nothing();  // cwnd is half of what was in flight
  EXPECT_FALSE(t.traced(rule::rescue));
}

TEST_F(WithOptions, AWindowThatReopensDuringRecoveryHasAllSentAgain) {
  establish();
  lose_the_first_of_four();
  t.peer(". 1:1(0) ack 1 win 0 <nop,nop,TS val 100 ecr 0>");
  t.nothing();
  t.peer(". 1:1(0) ack 1 win 65535 <nop,nop,TS val 100 ecr 0>");
  t.expect(segment_of(0));
  t.expect(segment_of(1));
  t.nothing();
  t.peer(". 1:1(0) ack 2001 <nop,nop,TS val 100 ecr 0>");
  t.expect(segment_of(2));
  t.expect("P. 3001:4001(1000) ack 1 <TS val 0 ecr 100>");
  t.nothing();
}

// It may be text sent again and no probe: RFC 2883 4, and no limit such as that of challenge ACKs.
TEST_F(WithOptions, TheLastOctetAgainIsReportedHoweverOftenItComes) {
  establish();
  t.peer(". 1:101(100) ack 1 <nop,nop,TS val 100 ecr 0>");
  for (int i = 0; i < 150; ++i) {
    t.peer("P. 100:101(1) ack 1 <nop,nop,TS val 100 ecr 0>");
    t.expect(". 1:1(0) ack 101 <TS val 0 ecr 100,sack 100:101>");
  }
  t.receive(100);
}

TEST_F(WithOptions, ATimeoutForgetsTheScoreboard) {
  establish();
  send_four_segments();
  t.peer(". 1:1(0) ack 1 <nop,nop,TS val 100 ecr 0,nop,nop,sack 1001:3001>");
  t.nothing();
  t.expect_after(1s, ". 1:1001(1000) ack 1 <TS val 1000 ecr 100>");
  t.peer(". 1:1(0) ack 1001 <nop,nop,TS val 100 ecr 1000>");
  t.expect(". 1001:2001(1000) ack 1 <TS val 1000 ecr 100>");
  t.expect(". 2001:3001(1000) ack 1 <TS val 1000 ecr 100>");
  t.nothing();
}

// RFC 6191 2 drops what carries timestamps; RFC 9293 3.10.7.4 asks for a challenge ACK otherwise.
TEST_F(WithOptions, OnlyASynWithTimestampsIsDroppedSilentlyInTimeWait) {
  establish();
  t.close();
  t.expect("F. 1:1(0) ack 1 <TS val 0 ecr 100>");
  t.peer("F. 1:1(0) ack 2 <nop,nop,TS val 200 ecr 0>");
  t.expect(". 2:2(0) ack 2 <TS val 0 ecr 200>");
  t.peer("S -999:-999(0) <TS val 199 ecr 0>");
  EXPECT_TRUE(t.traced(rule::time_wait_syn));
  t.at(time_wait);
  t.peer("S -999:-999(0)");
  t.expect(". 2:2(0) ack 2 <TS val 0 ecr 200>");
  EXPECT_TRUE(t.traced(rule::check_syn_challenge));
  t.at(time_wait);
}

TEST_F(WithOptions, OnlyANewerSynTakesATimeWaitOver) {
  establish();
  t.close();
  t.expect("F. 1:1(0) ack 1 <TS val 0 ecr 100>");
  t.peer("F. 1:1(0) ack 2 <nop,nop,TS val 200 ecr 0>");
  t.expect(". 2:2(0) ack 2 <TS val 0 ecr 200>");
  t.at(time_wait);
  Segment syn{.seq = t.irs + 1, .flags = wire::flag::syn};
  EXPECT_FALSE(t.connection.yields_to(syn));
  syn.timestamps = {200, 0};
  EXPECT_FALSE(t.connection.yields_to(syn));
  syn.timestamps = {201, 0};
  EXPECT_TRUE(t.connection.yields_to(syn));
  syn.timestamps = {199, 0};
  syn.seq = t.irs + 2;
  EXPECT_FALSE(t.connection.yields_to(syn));
  syn.timestamps.reset();
  EXPECT_TRUE(t.connection.yields_to(syn));
  syn.flags = wire::flag::syn | wire::flag::ack;
  EXPECT_FALSE(t.connection.yields_to(syn));
}

}  // namespace
}  // namespace tcproof::tcp::test
