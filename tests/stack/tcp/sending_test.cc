// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/rules.h"
#include "tests/stack/tcp/peer.h"

// Segmentizing, Nagle, SWS avoidance, zero windows, urgent data: RFC 9293 3.7 and 3.8.

namespace tcproof::tcp::test {
namespace {

using enum State;

Config without_nagle() {
  Config config;
  config.nagle = false;
  return config;
}

TEST(Send, RespectsThePeersMss) {
  Talk t(without_nagle());
  t.establish();
  t.send(2500);
  t.expect(". 1:1001(1000) ack 1");
  t.expect(". 1001:2001(1000) ack 1");
  t.expect("P. 2001:2501(500) ack 1");
  t.nothing();
}

TEST(Send, MssIsTheSmallerOfBothAndHasADefault) {
  struct Case {
    const char* syn;
    int expected;
  };
  for (const Case& c : {Case{"S 0:0(0)", 536}, Case{"S 0:0(0) <mss 0>", 536},
                        Case{"S 0:0(0) <mss 100>", 100}, Case{"S 0:0(0) <mss 9000>", 1460}}) {
    Talk t;
    t.open_passive();
    t.peer(c.syn);
    t.expect("S. 0:0(0) ack 1 <mss 1460>");
    EXPECT_EQ(t.connection.effective_send_mss(), c.expected) << c.syn;
  }
}

TEST(Send, TakesWhatFits) {
  Config config;
  config.send_buffer = 100;
  Talk t(config);
  reach(t, syn_sent);
  const wire::Buffer text(150);
  std::size_t taken = 0;
  EXPECT_EQ(t.connection.send(text, false, false, t.now, taken), Error::none);
  EXPECT_EQ(taken, 100U);
  EXPECT_EQ(t.connection.send(text, false, false, t.now, taken), Error::no_resources);
  EXPECT_EQ(taken, 0U);
}

TEST(Send, IsUnspecifiedInListen) {
  Talk t;
  reach(t, listen);
  std::size_t taken = 0;
  EXPECT_EQ(t.connection.send({}, false, false, t.now, taken), Error::unspecified);
}

// A SEND with PUSH ends in PSH even where more follows in the buffer; a segment does not end there
// (SHLD-27).
TEST(Send, PushMarksTheSegmentThatHoldsItsEnd) {
  Talk t;
  t.establish(0);
  t.send(600, true);
  t.send(900);
  t.nothing();
  t.peer(". 1:1(0) ack 1 win 65535");
  t.expect("P. 1:1001(1000) ack 1");
  t.peer(". 1:1(0) ack 1001");
  t.expect("P. 1001:1501(500) ack 1");
}

TEST(Nagle, SmallSegmentWaitsForTheAck) {
  Talk t;
  t.establish();
  t.send(100, true);
  t.expect("P. 1:101(100) ack 1");
  t.send(100, true);
  t.send(100, true);
  t.nothing();
  t.peer(". 1:1(0) ack 51");
  t.nothing();
  t.peer(". 1:1(0) ack 101");
  t.expect("P. 101:301(200) ack 1");
  t.send(1000);
  t.expect("P. 301:1301(1000) ack 1");
  t.nothing();
}

TEST(Nagle, CanBeTurnedOff) {
  Talk t;
  t.establish();
  t.send(100);
  t.expect("P. 1:101(100) ack 1");
  t.send(100);
  t.nothing();
  t.connection.set_nagle(false, t.now);
  t.expect("P. 101:201(100) ack 1");
  t.send(1);
  t.expect("P. 201:202(1) ack 1");
}

TEST(SenderSws, SmallWindowStepsAreNotFilled) {
  Talk t(without_nagle());
  t.establish(2000);
  t.send(5000);
  t.expect(". 1:1001(1000) ack 1");
  t.expect(". 1001:2001(1000) ack 1");
  t.peer(". 1:1(0) ack 2001 win 300");
  t.nothing();
  t.peer(". 1:1(0) ack 2001 win 999");
  t.nothing();
  t.peer(". 1:1(0) ack 2001 win 1000");
  t.expect(". 2001:3001(1000) ack 1");
  t.nothing();
}

// Fs = 1/2 of the largest window ever seen.
TEST(SenderSws, HalfTheLargestWindowIsEnough) {
  Talk t(without_nagle());
  t.establish(800);
  t.send(5000);
  t.expect(". 1:801(800) ack 1");
  t.peer(". 1:1(0) ack 801 win 399");
  t.nothing();
  t.peer(". 1:1(0) ack 801 win 400");
  t.expect(". 801:1201(400) ack 1");
}

TEST(SenderSws, OverrideTimeout) {
  Talk t(without_nagle());
  t.establish(2000);
  t.send(5000);
  t.expect(". 1:1001(1000) ack 1");
  t.expect(". 1001:2001(1000) ack 1");
  t.peer(". 1:1(0) ack 2001 win 300");
  t.expect_after(500ms, ". 2001:2301(300) ack 1");
  EXPECT_TRUE(t.traced(rule::sws_override));
}

TEST(SendWindow, OldSegmentDoesNotUpdateIt) {
  Talk t(without_nagle());
  t.establish(1000);
  t.peer(". 101:201(100) ack 1 win 700");
  t.expect(". 1:1(0) ack 1");
  t.peer(". 1:101(100) ack 1 win 5000");  // left of SND.WL1
  t.expect(". 1:1(0) ack 201");
  t.send(2000);
  t.expect(". 1:701(700) ack 201");
  t.nothing();
}

TEST(SendWindow, AnAckOfMoreUpdatesItThoughItsTextIsSentAgain) {
  Talk t(without_nagle());
  t.establish();
  t.peer("P. 1:11(10) ack 1 win 1000");
  t.send(1500);
  t.expect(". 1:1001(1000) ack 11");
  // The peer sends its octets again and takes 400 of ours: its window still ends at 1001.
  t.peer("P. 1:11(10) ack 401 win 600");
  t.expect(". 1001:1001(0) ack 11");
  t.nothing();
}

TEST(SendWindow, MayShrinkBelowWhatWasSent) {
  Talk t;
  t.establish(2000);
  t.send(2500);
  t.expect(". 1:1001(1000) ack 1");
  t.expect(". 1001:2001(1000) ack 1");
  t.peer(". 1:1(0) ack 1 win 500");
  t.nothing();
  t.expect_after(1s, ". 1:501(500) ack 1");  // SHLD-16: what lies within the window now
  t.peer(". 1:1(0) ack 2001 win 2000");
  t.expect("P. 2001:2501(500) ack 1");
}

TEST(ZeroWindow, IsProbedAtDoublingIntervalsForAsLongAsTheProbesAreAnswered) {
  Talk t;
  t.establish(0);
  t.send(100);
  Duration gap = 1s;
  for (int i = 0; i < 20; ++i) {
    t.expect_after(gap, ". 1:2(1) ack 1");
    EXPECT_TRUE(t.traced(rule::probe));
    t.peer(". 1:1(0) ack 1 win 0");
    gap = std::min<Duration>(2 * gap, 60s);
  }
  t.at(established);
  t.peer(". 1:1(0) ack 1 win 65535");  // the probe's octet was not taken
  t.expect("P. 1:101(100) ack 1");
  t.peer(". 1:1(0) ack 101");
  t.pass(300s);
  t.at(established);
}

TEST(ZeroWindow, AcknowledgedProbe) {
  Talk t;
  t.establish(0);
  t.send(100);
  t.expect_after(1s, ". 1:2(1) ack 1");
  t.peer(". 1:1(0) ack 2 win 0");
  t.expect_after(2s, ". 2:3(1) ack 1");
  t.peer(". 1:1(0) ack 3 win 65535");
  t.expect("P. 3:101(98) ack 1");
}

TEST(ZeroWindow, UnansweredProbesEndTheConnection) {
  Talk t;
  t.establish(0);
  t.send(100);
  t.pass(101s - 1ns);  // R2 counts from the first probe
  for (int i = 0; i < 6; ++i) t.expect(". 1:2(1) ack 1");
  t.at(established);
  t.pass(1ns);
  t.at(closed);
  EXPECT_EQ(t.connection.status(), Error::user_timeout);
}

TEST(ZeroWindow, FinIsProbedWith) {
  Talk t;
  t.establish(0);
  t.close();
  t.at(fin_wait_1);
  t.expect_after(1s, "F. 1:1(0) ack 1");
  t.peer(". 1:1(0) ack 1 win 0");
  t.expect_after(2s, "F. 1:1(0) ack 1");
  t.peer(". 1:1(0) ack 2 win 0");
  t.at(fin_wait_2);
  EXPECT_FALSE(t.connection.next_deadline());
}

// MUST-35: what was in flight is probed for, too, and not timed out.
TEST(ZeroWindow, ShrunkToZeroWithDataInFlight) {
  Talk t;
  t.establish(2000);
  t.send(1500);
  t.expect(". 1:1001(1000) ack 1");
  t.pass(500ms);
  t.peer(". 1:1(0) ack 1 win 0");
  t.expect_after(1s, ". 1:2(1) ack 1");
  t.peer(". 1:1(0) ack 1 win 2000");
  t.expect(". 1:1001(1000) ack 1");
  t.peer(". 1:1(0) ack 1001 win 2000");
  t.expect("P. 1001:1501(500) ack 1");
}

TEST(Urgent, PointerNamesTheOctetAfter) {
  Talk t(without_nagle());
  t.establish(0);
  t.send(1500, false, true);
  t.send(700);
  t.peer(". 1:1(0) ack 1 win 65535");
  t.expect("U. 1:1001(1000) ack 1 urg 1500");
  t.expect("U. 1001:2001(1000) ack 1 urg 500");
  t.expect("P. 2001:2201(200) ack 1");
}

}  // namespace
}  // namespace tcproof::tcp::test
