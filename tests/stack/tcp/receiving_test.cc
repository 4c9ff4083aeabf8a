// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/rules.h"
#include "tests/stack/tcp/peer.h"

// Acknowledgments and the receive window: RFC 9293 3.8.6, RFC 5681 4.2.

namespace tcproof::tcp::test {
namespace {

using enum State;

TEST(DelayedAck, OneSmallSegmentWaits) {
  Talk t;
  t.establish();
  t.peer("P. 1:101(100) ack 1");
  t.expect_after(200ms, ". 1:1(0) ack 101");
  EXPECT_TRUE(t.traced(rule::delayed_ack));
  EXPECT_FALSE(t.connection.next_deadline());
}

// The delay counts from the first octet that waits.
TEST(DelayedAck, IsNotPutOffByMoreSegments) {
  Talk t;
  t.establish();
  t.peer("P. 1:101(100) ack 1");
  t.pass(150ms);
  t.peer("P. 101:201(100) ack 1");
  t.expect_after(50ms, ". 1:1(0) ack 201");
}

TEST(DelayedAck, EverySecondFullSizedSegmentAtOnce) {
  Talk t;
  t.establish();
  t.peer(". 1:1001(1000) ack 1");
  t.nothing();
  t.peer(". 1001:2001(1000) ack 1");
  t.expect(". 1:1(0) ack 2001");
  t.peer(". 2001:3001(1000) ack 1");
  t.nothing();
  t.peer(". 3001:4001(1000) ack 1");
  t.expect(". 1:1(0) ack 4001");
}

TEST(DelayedAck, RidesOnData) {
  Talk t;
  t.establish();
  t.peer("P. 1:101(100) ack 1");
  t.send(10);
  t.expect("P. 1:11(10) ack 101");
  t.pass(500ms);
  t.nothing();
}

TEST(DelayedAck, FinIsAcknowledgedAtOnce) {
  Talk t;
  t.establish();
  t.peer("P. 1:101(100) ack 1");
  t.peer("F. 101:101(0) ack 1");
  t.expect(". 1:1(0) ack 102");
  t.nothing();
}

TEST(Reassembly, GapIsAcknowledgedAtOnceAndSoIsFillingIt) {
  Talk t;
  t.establish();
  t.peer(". 101:201(100) ack 1");
  t.expect(". 1:1(0) ack 1");
  t.peer(". 301:401(100) ack 1");
  t.expect(". 1:1(0) ack 1");
  t.peer(". 1:101(100) ack 1");
  t.expect(". 1:1(0) ack 201");
  t.peer(". 201:301(100) ack 1");
  t.expect(". 1:1(0) ack 401");
  t.receive(400);
}

TEST(Reassembly, StraddlingSegmentIsTrimmed) {
  Talk t;
  t.establish();
  t.peer(". 1:11(10) ack 1");
  t.peer(". 6:21(15) ack 1");
  t.receive(20);
}

TEST(Reassembly, OctetsBeyondTheWindowAreCutOff) {
  Config config;
  config.receive_buffer = 1000;
  Talk t(config);
  t.establish();
  t.peer("F. 1:1501(1500) ack 1");
  t.pass(1s);
  t.expect(". 1:1(0) ack 1001 win 0");
  t.at(established);
  t.receive(1000);
}

// Each hole costs one range; beyond 32 of them a piece is not held, and still acknowledged.
TEST(Reassembly, IsBounded) {
  Talk t;
  t.establish();
  for (int i = 0; i < 40; ++i) {
    const int first = 11 + 20 * i;
    t.peer(". " + std::to_string(first) + ":" + std::to_string(first + 10) + "(10) ack 1");
    t.expect(". 1:1(0) ack 1");
  }
  EXPECT_TRUE(t.traced(rule::text_no_place));
  t.peer(". 1:801(800) ack 1");
  t.expect(". 1:1(0) ack 801");
  t.receive(800);
}

TEST(Window, RightEdgeStaysUntilTheUserReads) {
  Config config;
  config.receive_buffer = 4000;
  Talk t(config);
  t.establish();
  t.peer(". 1:1001(1000) ack 1");
  t.peer(". 1001:2001(1000) ack 1");
  t.expect(". 1:1(0) ack 2001 win 2000");
  t.receive(500);  // too little to move the edge
  t.nothing();
  t.peer(". 2001:3001(1000) ack 1");
  t.peer(". 3001:4001(1000) ack 1");
  t.expect(". 1:1(0) ack 4001 win 0");
  t.receive(499);
  t.nothing();
  t.receive(1);  // 1,000 octets of room: one segment
  t.expect(". 1:1(0) ack 4001 win 1000");
  t.receive(2500);
  t.expect(". 1:1(0) ack 4001 win 3500");
  t.receive(500);
  t.nothing();
}

// A window still more than half open is not worth a segment of its own.
TEST(Window, NoUpdateWhileItIsWideOpen) {
  Talk t;
  t.establish();
  t.peer(". 1:1001(1000) ack 1");
  t.peer(". 1001:2001(1000) ack 1");
  t.expect(". 1:1(0) ack 2001 win 63535");
  t.receive(2000);
  t.nothing();
  t.peer(". 2001:3001(1000) ack 1");
  t.peer(". 3001:4001(1000) ack 1");
  t.expect(". 1:1(0) ack 4001 win 63535");
}

// 3.10.7.4 first: with RCV.WND zero, ACKs, URGs and RSTs still count; text is not taken but
// answered.
TEST(Window, ZeroStillTakesAcks) {
  Config config;
  config.receive_buffer = 1000;
  Talk t(config);
  t.establish();
  t.send(10);
  t.expect("P. 1:11(10) ack 1");
  t.peer(". 1:1001(1000) ack 1");
  t.expect_after(200ms, ". 11:11(0) ack 1001 win 0");
  t.peer("P. 1001:1002(1) ack 11");
  t.expect(". 11:11(0) ack 1001 win 0");
  EXPECT_EQ(t.connection.unacknowledged(), 0U);
  t.peer("F. 1001:1001(0) ack 11");
  t.expect(". 11:11(0) ack 1001 win 0");
  t.at(established);
  t.peer(". 1002:1002(0) ack 11");
  t.expect(". 11:11(0) ack 1001 win 0");
  t.peer("R 1002:1002(0)");
  t.at(established);
  t.receive(1000);
  t.expect(". 11:11(0) ack 1001 win 1000");
  t.peer("F. 1001:1001(0) ack 11");
  t.expect(". 11:11(0) ack 1002");
  t.at(close_wait);
}

TEST(Window, ZeroStillTakesAReset) {
  Config config;
  config.receive_buffer = 1000;
  Talk t(config);
  t.establish();
  t.peer(". 1:1001(1000) ack 1");
  t.expect_after(200ms, ". 1:1(0) ack 1001 win 0");
  t.peer("R 1001:1001(0)");
  t.at(closed);
}

}  // namespace
}  // namespace tcproof::tcp::test
