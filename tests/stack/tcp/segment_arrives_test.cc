// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/reset.h"
#include "stack/tcp/rules.h"
#include "tests/stack/tcp/line.h"
#include "tests/stack/tcp/peer.h"

// RFC 9293 3.10.7, numbered check by numbered check.

namespace tcproof::tcp::test {
namespace {

using enum State;

const std::vector<State> synchronized{established, fin_wait_1, fin_wait_2, close_wait,
                                      closing,     last_ack,   time_wait};

/// What the connection expects next: SND.NXT and RCV.NXT, relative, after reach().
struct Position {
  int snd_nxt, rcv_nxt;
};
Position position(State state) {
  switch (state) {
    case established: return {1, 1};
    case fin_wait_1:
    case fin_wait_2: return {2, 1};
    case close_wait: return {1, 2};
    case closing:
    case last_ack:
    case time_wait: return {2, 2};
    case closed:
    case listen:
    case syn_sent:
    case syn_received: break;
  }
  return {1, 1};
}
std::string ack_at(Position p) {
  return ". " + std::to_string(p.snd_nxt) + ":" + std::to_string(p.snd_nxt) + "(0) ack " +
         std::to_string(p.rcv_nxt);
}
std::string empty_at(std::string_view flags, int seq) {
  return std::string(flags) + " " + std::to_string(seq) + ":" + std::to_string(seq) + "(0)";
}

// --- 3.10.7.1 ---

TEST(Closed, ResetForASegmentOfNoConnection) {
  const Seq none{};
  const auto answer = [&](std::string_view line) -> std::string {
    Line parsed = parse_line(line, none, none);
    const wire::Buffer text(parsed.octets);
    parsed.segment.text = text;
    const auto reset = reset_for(parsed.segment);
    return reset ? print_line(*reset, 0, none, none, false) : "nothing";
  };
  EXPECT_EQ(answer("S 100:100(0)"), "R. 0:0(0) ack 101 win 0");
  EXPECT_EQ(answer("FP 100:110(10)"), "R. 0:0(0) ack 111 win 0");
  EXPECT_EQ(answer(". 100:110(10) ack 77"), "R  77:77(0) win 0");
  EXPECT_EQ(answer("S. 100:100(0) ack 77"), "R  77:77(0) win 0");
  EXPECT_EQ(answer("R 100:100(0)"), "nothing");
  EXPECT_EQ(answer("R. 100:100(0) ack 77"), "nothing");
}

// --- 3.10.7.2 ---

TEST(Listen, DropsWhatIsNoSyn) {
  Talk t;
  reach(t, listen);
  t.peer("R 0:0(0)");
  EXPECT_TRUE(t.traced(rule::listen_rst));
  t.peer("RS. 0:0(0) ack 7");
  EXPECT_TRUE(t.traced(rule::listen_rst));
  t.peer("none 0:0(0)");
  EXPECT_TRUE(t.traced(rule::listen_other));
  t.peer("F 0:10(10)");
  EXPECT_TRUE(t.traced(rule::listen_other));
  t.at(listen);
}

TEST(Listen, AckDrawsAReset) {
  Talk t;
  reach(t, listen);
  t.peer(". 0:0(0) ack 77");
  t.expect("R 77:77(0)");
  t.peer("S. 0:0(0) ack 78");
  t.expect("R 78:78(0)");
  t.at(listen);
}

// Text and FIN that ride on the SYN are kept, acknowledged and delivered once the connection is
// established.
TEST(Listen, TextAndFinOnTheSynWait) {
  Talk t;
  reach(t, listen);
  t.peer("FS 0:10(10)");
  t.expect("S. 0:0(0) ack 1 <mss 1460>");
  EXPECT_EQ(t.connection.readable(), 0U);
  t.peer(". 1:1(0) ack 1");
  t.expect(". 1:1(0) ack 12");
  t.at(close_wait);
  t.receive(10);
  EXPECT_EQ(t.receive_error(), Error::closing);
}

// --- 3.10.7.3 ---

TEST(SynSent, AckOfNothingSent) {
  for (const int ack : {0, 2}) {
    Talk t;
    reach(t, syn_sent);
    const std::string end = " ack " + std::to_string(ack);
    t.peer("S. 0:0(0)" + end);
    t.expect(empty_at("R", ack));
    t.peer(". 0:0(0)" + end);
    t.expect(empty_at("R", ack));
    t.peer("R. 0:0(0)" + end);
    EXPECT_TRUE(t.traced(rule::syn_sent_bad_ack_rst));
    t.at(syn_sent);
  }
}

TEST(SynSent, Reset) {
  Talk t;
  reach(t, syn_sent);
  t.peer("R 0:0(0)");
  EXPECT_TRUE(t.traced(rule::syn_sent_rst_no_ack));
  t.at(syn_sent);
  t.peer("R. 0:0(0) ack 1");
  t.at(closed);
  EXPECT_EQ(t.connection.status(), Error::connection_reset);
  EXPECT_FALSE(t.connection.next_deadline());
}

TEST(SynSent, NeitherSynNorRst) {
  Talk t;
  reach(t, syn_sent);
  t.peer(". 0:0(0) ack 1");
  t.peer("F. 0:10(10) ack 1");
  t.peer("none 0:0(0)");
  EXPECT_TRUE(t.traced(rule::syn_sent_other));
  t.at(syn_sent);
}

TEST(SynSent, TextAndFinWithTheSynAck) {
  Talk t;
  reach(t, syn_sent);
  t.peer("FS. 0:10(10) ack 1");
  t.expect(". 1:1(0) ack 12");
  t.at(close_wait);
  t.receive(10);
}

TEST(SynSent, QueuedDataGoesOutWithTheAck) {
  Talk t;
  reach(t, syn_sent);
  t.send(100);
  t.nothing();
  t.peer("S. 0:0(0) ack 1 <mss 1000>");
  t.expect("P. 1:101(100) ack 1");
  t.at(established);
}

TEST(SynSent, CloseQueuedDataIsDropped) {
  Talk t;
  reach(t, syn_sent);
  t.send(100);
  t.close();
  t.at(closed);
}

// --- 3.10.7.4, SYN-RECEIVED ---

TEST(SynReceived, UnacceptableAckDrawsAReset) {
  for (const int ack : {-5, 0, 2}) {
    Talk t;
    reach(t, syn_received);
    t.peer(". 1:1(0) ack " + std::to_string(ack));
    t.expect(empty_at("R", ack));
    t.at(syn_received);
    t.peer(". 1:1(0) ack 1");
    t.at(established);
  }
}

TEST(SynReceived, SynAgainIsAnsweredByAnAck) {
  Talk t;
  reach(t, syn_received);
  t.peer("S 0:0(0)");
  t.expect(". 1:1(0) ack 1");
  t.at(syn_received);
}

TEST(SynReceived, ResetReturnsAPassiveOneToListen) {
  Talk t;
  reach(t, syn_received);
  t.peer("R 2:2(0)");  // in the window, not at RCV.NXT
  t.expect(". 1:1(0) ack 1");
  t.peer("R 0:0(0)");  // left of it
  t.at(syn_received);
  t.peer("R 1:1(0)");
  t.at(listen);
  EXPECT_EQ(t.connection.status(), Error::none);
  EXPECT_FALSE(t.connection.next_deadline());
  t.peer("S 0:0(0)");
  t.expect("S. 0:0(0) ack 1 <mss 1460>");
  t.peer(". 1:1(0) ack 1");
  t.at(established);
  EXPECT_EQ(t.connection.effective_send_mss(), 536);  // the earlier SYN's option is forgotten
}

TEST(SynReceived, ResetRefusesAnActiveOne) {
  Talk t;
  reach(t, syn_sent);
  t.peer("S 0:0(0)");
  t.expect("S. 0:0(0) ack 1 <mss 1460>");
  t.peer("R 1:1(0)");
  t.at(closed);
  EXPECT_EQ(t.connection.status(), Error::connection_refused);
}

TEST(SynReceived, SynInTheWindow) {
  Talk passive;
  reach(passive, syn_received);
  passive.peer("S 1:1(0)");
  passive.at(listen);

  Talk active;
  reach(active, syn_sent);
  active.peer("S 0:0(0)");
  active.expect("S. 0:0(0) ack 1 <mss 1460>");
  active.peer("S 1:1(0)");
  active.expect(". 1:1(0) ack 1");
  active.at(syn_received);
}

TEST(SynReceived, NoAckNoEntry) {
  Talk t;
  reach(t, syn_received);
  t.peer("none 1:1(0)");
  t.peer("F 1:11(10)");
  EXPECT_TRUE(t.traced(rule::check_ack_off));
  t.at(syn_received);
}

// --- 3.10.7.4, the synchronized states ---

TEST(Synchronized, First_OutsideTheWindowIsAnsweredByAnAck) {
  for (const State state : synchronized) {
    SCOPED_TRACE(to_string(state));
    Talk t;
    reach(t, state);
    const Position p = position(state);
    t.peer(". " + std::to_string(p.rcv_nxt - 10) + ":" + std::to_string(p.rcv_nxt) + "(10) ack 1");
    t.expect(ack_at(p));
    t.peer(empty_at(".", p.rcv_nxt - 1) + " ack 1");
    t.expect(ack_at(p));
    t.peer(empty_at(".", p.rcv_nxt + 65535) + " ack 1");
    t.expect(ack_at(p));
    EXPECT_TRUE(t.traced(rule::check_sequence));
    t.peer(empty_at("R", p.rcv_nxt - 1));
    t.peer(empty_at("R", p.rcv_nxt + 65535));
    EXPECT_TRUE(t.traced(rule::check_sequence_rst));
    t.at(state);
  }
}

TEST(Synchronized, Second_ResetAtRcvNxt) {
  for (const State state : synchronized) {
    SCOPED_TRACE(to_string(state));
    Talk t;
    reach(t, state);
    const Position p = position(state);
    if (state == time_wait) {  // RFC 1337
      t.peer(empty_at("R", p.rcv_nxt));
      t.peer(empty_at("R", p.rcv_nxt + 1));
      t.at(time_wait);
      continue;
    }
    t.peer(empty_at("R", p.rcv_nxt + 1));
    t.expect(ack_at(p));
    t.at(state);
    t.peer(empty_at("R", p.rcv_nxt));
    t.at(closed);
    EXPECT_FALSE(t.connection.next_deadline());
    const bool over = state == closing || state == last_ack;
    EXPECT_EQ(t.connection.status(), over ? Error::none : Error::connection_reset);
  }
}

// What counts is where it begins, though its text reaches into the window.
TEST(Synchronized, Second_ResetThatBeginsLeftOfTheWindowIsDropped) {
  for (const State state : synchronized) {
    SCOPED_TRACE(to_string(state));
    Talk t;
    reach(t, state);
    const int next = position(state).rcv_nxt;
    t.peer("R " + std::to_string(next - 1) + ":" + std::to_string(next + 9) + "(10)");
    EXPECT_TRUE(
        t.traced(state == time_wait ? rule::check_rst_time_wait : rule::check_sequence_rst));
    t.at(state);
  }
}

// Without challenge ACKs there is the silence of RFC 6191 only: an old SYN must not end the wait.
TEST(TimeWait, ASynIsDroppedWhereThereAreNoChallengeAcks) {
  Config config;
  config.features.challenge_ack = false;
  Talk t(config);
  reach(t, time_wait);
  t.peer("S 2:2(0)");
  EXPECT_TRUE(t.traced(rule::time_wait_syn));
  t.at(time_wait);
}

TEST(Synchronized, Fourth_SynDrawsAChallengeAckWhereverItLies) {
  for (const State state : synchronized) {
    SCOPED_TRACE(to_string(state));
    Talk t;
    reach(t, state);
    const Position p = position(state);
    for (const int offset : {-1, 0, 1, 65535, -100000, 1000000}) {
      t.peer(empty_at("S", p.rcv_nxt + offset));
      t.expect(ack_at(p));
      EXPECT_TRUE(t.traced(rule::check_syn_challenge));
    }
    t.peer(empty_at("S.", p.rcv_nxt) + " ack " + std::to_string(p.snd_nxt));
    t.expect(ack_at(p));
    t.at(state);
  }
}

TEST(Synchronized, Fifth_NoAckIsDropped) {
  for (const State state : synchronized) {
    SCOPED_TRACE(to_string(state));
    Talk t;
    reach(t, state);
    const int next = position(state).rcv_nxt;
    t.peer(empty_at("none", next));
    t.peer("FP " + std::to_string(next) + ":" + std::to_string(next + 10) + "(10)");
    EXPECT_TRUE(t.traced(rule::check_ack_off));
    EXPECT_EQ(t.connection.readable(), 0U);
    t.at(state);
  }
}

TEST(Synchronized, Fifth_AckOutsideTheRange) {
  for (const State state : synchronized) {
    SCOPED_TRACE(to_string(state));
    Talk t;
    reach(t, state);
    const Position p = position(state);
    const std::string octets =
        ". " + std::to_string(p.rcv_nxt) + ":" + std::to_string(p.rcv_nxt + 10) + "(10) ack ";
    t.peer(octets + std::to_string(p.snd_nxt + 1));
    t.expect(ack_at(p));
    EXPECT_TRUE(t.traced(rule::check_ack_future));
    t.peer(octets + std::to_string(-65537));
    t.expect(ack_at(p));
    EXPECT_TRUE(t.traced(rule::check_ack_old));
    EXPECT_EQ(t.connection.readable(), 0U);
    t.at(state);
  }
}

// SND.UNA - MAX.SND.WND is still in the range, and the text counts.
TEST(Synchronized, Fifth_OldAckDoesNotHarmTheText) {
  Talk t;
  t.establish(1000);
  t.peer("P. 1:11(10) ack -999 win 1000");
  t.receive(10);
  t.peer("P. 11:21(10) ack -1000 win 1000");
  t.expect(". 1:1(0) ack 11");
  t.at(established);
}

TEST(Synchronized, Sixth_UrgentPointer) {
  Talk t;
  t.establish();
  EXPECT_EQ(t.connection.urgent_unread(), 0U);
  t.peer("PU. 1:11(10) ack 1 urg 25");
  EXPECT_EQ(t.connection.urgent_unread(), 25U);
  EXPECT_TRUE(t.traced(rule::check_urg));
  t.receive(10);
  EXPECT_EQ(t.connection.urgent_unread(), 15U);
  t.peer("U. 11:21(10) ack 1 urg 5");  // it does not recede
  t.expect_after(200ms, ". 1:1(0) ack 21");
  EXPECT_EQ(t.connection.urgent_unread(), 15U);
  EXPECT_FALSE(t.traced(rule::check_urg));
  t.peer("P. 21:31(10) ack 1");
  t.receive(20);
  EXPECT_EQ(t.connection.urgent_unread(), 0U);
}

// The pointer counts from the arriving SEG.SEQ, trimmed or not.
TEST(Synchronized, Sixth_UrgentPointerOfATrimmedSegment) {
  Talk t;
  t.establish();
  t.peer(". 1:11(10) ack 1");
  t.peer("U. 6:26(20) ack 1 urg 20");
  t.receive(25);
  EXPECT_EQ(t.connection.urgent_unread(), 0U);
  t.peer("U. 16:36(20) ack 1 urg 30");
  t.receive(10);
  EXPECT_EQ(t.connection.urgent_unread(), 10U);
}

TEST(Synchronized, Seventh_TextAfterTheFinIsIgnored) {
  for (const State state : {close_wait, closing, last_ack, time_wait}) {
    SCOPED_TRACE(to_string(state));
    Talk t;
    reach(t, state);
    const Position p = position(state);
    t.peer("PU. 2:12(10) ack 1 urg 10");
    EXPECT_EQ(t.connection.readable(), 0U);
    EXPECT_EQ(t.connection.urgent_unread(), 0U);
    if (state == time_wait) t.expect(ack_at(p));
    t.at(state);
  }
}

TEST(Synchronized, Eighth_FinWaitsForWhatComesBefore) {
  Talk t;
  t.establish();
  t.peer("F. 11:21(10) ack 1");
  t.expect(". 1:1(0) ack 1");
  t.at(established);
  t.peer(". 1:11(10) ack 1");
  t.expect(". 1:1(0) ack 22");
  t.at(close_wait);
  t.receive(20);
}

// Octets that claim to follow the FIN are not delivered.
TEST(Synchronized, Eighth_NothingFollowsTheFin) {
  Talk t;
  t.establish();
  t.peer("F. 11:11(0) ack 1");
  t.expect(". 1:1(0) ack 1");
  t.peer(". 1:31(30) ack 1");
  t.expect(". 1:1(0) ack 12");
  t.at(close_wait);
  t.receive(10);
}

TEST(Synchronized, ChallengeAcksAreLimited) {
  Talk t;
  t.establish();
  for (int i = 0; i < 150; ++i) t.peer("R 2:2(0)");
  for (int i = 0; i < 100; ++i) t.expect(". 1:1(0) ack 1");
  t.nothing();
  EXPECT_TRUE(t.traced(rule::challenge_limited));
  t.pass(1s);
  t.peer("S 1:1(0)");
  t.expect(". 1:1(0) ack 1");
  t.at(established);
}

// The limit is for what an attacker can draw at will; old data is acknowledged however often it
// comes.
TEST(Synchronized, OldDataIsAcknowledgedWithoutLimit) {
  Talk t;
  t.establish();
  for (int i = 0; i < 150; ++i) {
    t.peer(". -9:1(10) ack 1");
    t.expect(". 1:1(0) ack 1");
  }
}

}  // namespace
}  // namespace tcproof::tcp::test
