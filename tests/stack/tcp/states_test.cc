// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/rules.h"
#include "tests/stack/tcp/peer.h"

// The edges of RFC 9293 figure 5, each with the segments that belong to it.

namespace tcproof::tcp::test {
namespace {

using enum State;
using States = std::vector<State>;

TEST(States, PassiveOpenThenPeerCloses) {
  Talk t;
  t.open_passive();
  t.at(listen);
  t.peer("S 0:0(0) win 65535 <mss 1000>");
  t.expect("S. 0:0(0) ack 1 win 65535 <mss 1460>");
  t.at(syn_received);
  t.peer(". 1:1(0) ack 1");
  t.at(established);
  EXPECT_EQ(t.connection.effective_send_mss(), 1000);
  t.peer("F. 1:1(0) ack 1");
  t.expect(". 1:1(0) ack 2");
  t.at(close_wait);
  EXPECT_EQ(t.receive_error(), Error::closing);
  EXPECT_EQ(t.close(), Error::none);
  t.expect("F. 1:1(0) ack 2");
  t.at(last_ack);
  t.peer(". 2:2(0) ack 2");
  t.at(closed);
  EXPECT_EQ(t.connection.status(), Error::none);
  EXPECT_FALSE(t.connection.next_deadline());
  EXPECT_EQ(t.states,
            (States{closed, listen, syn_received, established, close_wait, last_ack, closed}));
}

TEST(States, ActiveOpenThenWeClose) {
  Talk t;
  t.open_active();
  t.expect("S 0:0(0) win 65535 <mss 1460>");
  t.at(syn_sent);
  t.peer("S. 0:0(0) ack 1 <mss 1000>");
  t.expect(". 1:1(0) ack 1");
  t.at(established);
  t.close();
  t.expect("F. 1:1(0) ack 1");
  t.at(fin_wait_1);
  t.peer(". 1:1(0) ack 2");
  t.at(fin_wait_2);
  t.peer("F. 1:1(0) ack 2");
  t.expect(". 2:2(0) ack 2");
  t.at(time_wait);
  t.pass(60s - 1ns);
  t.at(time_wait);
  t.pass(1ns);
  t.at(closed);
  EXPECT_EQ(t.states,
            (States{closed, syn_sent, established, fin_wait_1, fin_wait_2, time_wait, closed}));
}

TEST(States, SimultaneousOpen) {
  Talk t;
  t.open_active();
  t.expect("S 0:0(0) <mss 1460>");
  t.peer("S 0:0(0) win 65535 <mss 1000>");
  t.expect("S. 0:0(0) ack 1 <mss 1460>");
  t.at(syn_received);
  t.peer(". 1:1(0) ack 1");
  t.at(established);
}

// Figure 8's SYN,ACK lies left of RCV.NXT: the sequence check answers it, and the answer completes
// the other side.
TEST(States, SimultaneousOpenWithSynAck) {
  Talk t;
  t.open_active();
  t.expect("S 0:0(0) <mss 1460>");
  t.peer("S 0:0(0)");
  t.expect("S. 0:0(0) ack 1 <mss 1460>");
  t.peer("S. 0:0(0) ack 1");
  t.expect(". 1:1(0) ack 1");
  t.at(syn_received);
  t.peer(". 1:1(0) ack 1");
  t.at(established);
}

TEST(States, SimultaneousClose) {
  Talk t;
  reach(t, fin_wait_1);
  t.peer("F. 1:1(0) ack 1");
  t.expect(". 2:2(0) ack 2");
  t.at(closing);
  t.peer(". 2:2(0) ack 2");
  t.at(time_wait);
}

TEST(States, FinAndAckOfOurFinTogether) {
  Talk t;
  reach(t, fin_wait_1);
  t.peer("F. 1:1(0) ack 2");
  t.expect(". 2:2(0) ack 2");
  t.at(time_wait);
  EXPECT_EQ(t.states,
            (States{closed, listen, syn_received, established, fin_wait_1, fin_wait_2, time_wait}));
}

TEST(States, FinWithTheAckOfTheSyn) {
  Talk t;
  reach(t, syn_received);
  t.peer("F. 1:1(0) ack 1");
  t.expect(". 1:1(0) ack 2");
  t.at(close_wait);
}

TEST(States, CloseInListenAndSynSent) {
  for (const State state : {listen, syn_sent}) {
    Talk t;
    reach(t, state);
    EXPECT_EQ(t.close(), Error::none);
    t.at(closed);
    EXPECT_FALSE(t.connection.next_deadline());
  }
}

// 3.10.4: nothing was sent, so the FIN goes out at once; the SYN,ACK may still have to be repeated.
TEST(States, CloseInSynReceived) {
  Talk t;
  reach(t, syn_received);
  EXPECT_EQ(t.close(), Error::none);
  t.expect("F. 1:1(0) ack 1");
  t.at(fin_wait_1);
  t.expect_after(1s, "S. 0:0(0) ack 1 <mss 1460>");
  t.peer(". 1:1(0) ack 1");
  t.at(fin_wait_1);
  t.peer(". 1:1(0) ack 2");
  t.at(fin_wait_2);
}

TEST(States, CloseInSynReceivedWithDataWaits) {
  Talk t;
  reach(t, syn_received);
  t.send(10);
  EXPECT_EQ(t.close(), Error::none);
  t.at(syn_received);
  t.peer(". 1:1(0) ack 1");
  t.expect("FP. 1:11(10) ack 1");
  t.at(fin_wait_1);
}

TEST(States, CloseSendsWhatIsQueuedFirst) {
  Config config;
  config.nagle = false;
  Talk t(config);
  t.establish(1500);
  t.send(2500);
  t.expect(". 1:1001(1000) ack 1");
  t.close();
  t.at(fin_wait_1);
  t.peer(". 1:1(0) ack 1001 win 1500");
  t.expect(". 1001:2001(1000) ack 1");
  t.expect("P. 2001:2501(500) ack 1");
  t.at(fin_wait_1);  // the window is full, and the FIN takes a sequence number of it
  t.peer(". 1:1(0) ack 2501 win 1500");
  t.expect("F. 2501:2501(0) ack 1");
  t.at(fin_wait_1);
  t.peer(". 1:1(0) ack 2502");
  t.at(fin_wait_2);
}

// 3.10.4: in CLOSE-WAIT the state changes when the FIN is sent, not when CLOSE is called.
TEST(States, CloseInCloseWaitWithDataQueued) {
  Talk t;
  t.establish(1000);
  t.peer("F. 1:1(0) ack 1 win 1000");
  t.expect(". 1:1(0) ack 2");
  t.send(1500);
  t.expect(". 1:1001(1000) ack 2");
  t.close();
  t.at(close_wait);
  EXPECT_EQ(t.close(), Error::closing);
  t.peer(". 2:2(0) ack 1001 win 1000");
  t.expect("FP. 1001:1501(500) ack 2");
  t.at(last_ack);
}

TEST(States, OnlyOneFin) {
  for (const State state : {fin_wait_1, fin_wait_2, closing, last_ack, time_wait}) {
    Talk t;
    reach(t, state);
    EXPECT_EQ(t.close(), Error::closing);
    std::size_t taken = 1;
    EXPECT_EQ(t.connection.send({}, false, false, t.now, taken), Error::closing);
    t.at(state);
  }
}

TEST(States, HalfCloseStillReceives) {
  Talk t;
  reach(t, fin_wait_2);
  t.peer("P. 1:101(100) ack 2");
  t.receive(100);
  t.expect_after(200ms, ". 2:2(0) ack 101");
  t.peer("FP. 101:201(100) ack 2");
  t.expect(". 2:2(0) ack 202");
  t.at(time_wait);
  t.receive(100);
  EXPECT_EQ(t.receive_error(), Error::closing);
}

TEST(States, AbortSendsAResetWhereTheRfcSaysSo) {
  for (const State state : {syn_received, established, close_wait}) {
    Talk t;
    reach(t, state);
    EXPECT_EQ(t.connection.abort(t.now), Error::none);
    t.expect("R 1:1(0)");
    t.at(closed);
    EXPECT_EQ(t.connection.status(), Error::connection_aborted);
  }
  for (const State state : {fin_wait_1, fin_wait_2}) {
    Talk t;
    reach(t, state);
    t.connection.abort(t.now);
    t.expect("R 2:2(0)");
    t.at(closed);
  }
  for (const State state : {listen, syn_sent, closing, last_ack, time_wait}) {
    Talk t;
    reach(t, state);
    t.connection.abort(t.now);
    t.at(closed);
  }
}

TEST(States, CallsOnAClosedConnection) {
  Talk t;
  std::size_t taken = 1;
  EXPECT_EQ(t.connection.send({}, false, false, t.now, taken), Error::does_not_exist);
  EXPECT_EQ(t.receive_error(), Error::does_not_exist);
  EXPECT_EQ(t.close(), Error::does_not_exist);
  EXPECT_EQ(t.connection.abort(t.now), Error::does_not_exist);
}

TEST(States, FinAgainInTimeWaitRestartsTheWait) {
  Talk t;
  reach(t, time_wait);
  t.pass(45s);
  t.peer("F. 1:1(0) ack 2");
  t.expect(". 2:2(0) ack 2");
  EXPECT_TRUE(t.traced(rule::time_wait_fin_again));
  t.pass(60s - 1ns);
  t.at(time_wait);
  t.pass(1ns);
  t.at(closed);
}

// Two ends in TIME-WAIT must not answer each other's ACKs.
TEST(States, MereAckInTimeWaitIsNotAnswered) {
  Talk t;
  reach(t, time_wait);
  t.peer(". 2:2(0) ack 2");
  t.at(time_wait);
}

TEST(States, HardIcmpErrorEndsAnOpenOnly) {
  Talk t;
  reach(t, syn_sent);
  t.connection.on_icmp_error(true, t.iss + 5, t.now);
  t.at(syn_sent);
  t.connection.on_icmp_error(true, t.iss, t.now);
  t.at(closed);
  EXPECT_EQ(t.connection.status(), Error::unreachable);

  Talk u;
  u.establish();
  u.send(10);
  u.expect("P. 1:11(10) ack 1");
  u.connection.on_icmp_error(true, u.iss + 1, u.now);
  u.at(established);
  EXPECT_TRUE(u.traced(rule::icmp_hard_as_soft));
}

}  // namespace
}  // namespace tcproof::tcp::test
