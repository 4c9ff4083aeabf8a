// SPDX-License-Identifier: Apache-2.0
// Each rule with traces that keep it, its exceptions among them, and traces that break it.
#include <gtest/gtest.h>

#include <set>

#include "tests/checks/invariants/trace_builder.h"

namespace tcproof::checks {
namespace {

using invariant_test::TraceBuilder;

TEST(Invariants, NamesAreUnique) {
  std::set<std::string_view> names;
  for (const Invariant& invariant : all_invariants()) names.insert(invariant.name);
  EXPECT_EQ(names.size(), all_invariants().size());
  EXPECT_EQ(find_invariant("no-such-rule"), nullptr);
}

// A plain connection with data both ways and a close keeps every rule.
TEST(Invariants, AllHoldOnAGoodConnection) {
  TraceBuilder trace;
  trace.handshake()
      .tester("P. 1:101(100) ack 1 win 65535")
      .target(".  1:1(0) ack 101 win 65435")
      .send(1500)
      .target(".  1:1001(1000) ack 101 win 65535")
      .target("P. 1001:1501(500) ack 101 win 65535")
      .tester(".  101:101(0) ack 1501 win 65535")
      .tester("F. 101:101(0) ack 1501 win 65535")
      .target("F. 1501:1501(0) ack 102 win 65535")
      .tester(".  102:102(0) ack 1502 win 65535");
  for (const Invariant& invariant : all_invariants()) {
    EXPECT_EQ(trace.verdict(invariant.name), "") << invariant.name;
  }
}

TEST(Checksums, AWrongOneIsFound) {
  EXPECT_EQ(TraceBuilder()
                .tester("S  0:0(0) win 65535")
                .target_with("S. 0:0(0) ack 1 win 65535",
                             [](wire::FrameSpec& f) {
                               f.tcp->checksum = wire::ChecksumSpec{std::uint16_t{0x1234}};
                             })
                .verdict("checksums")
                .substr(0, 19),
            "TCP checksum 0x1234");
  EXPECT_EQ(TraceBuilder()
                .tester("S  0:0(0) win 65535")
                .target_with("S. 0:0(0) ack 1 win 65535",
                             [](wire::FrameSpec& f) { f.ip->checksum = wire::BadChecksum{}; })
                .verdict("checksums")
                .substr(0, 11),
            "IPv4 header");
}

// The sum of this segment is zero, which a sender may write as 0xffff: both verify.
TEST(Checksums, ZeroHasTwoForms) {
  for (const std::uint16_t form : {std::uint16_t{0}, std::uint16_t{0xffff}, std::uint16_t{1}}) {
    TraceBuilder trace;
    trace.tester("S  0:0(0) win 65535");
    // The urgent pointer, which counts for nothing here, makes the sum come out as zero.
    static std::uint16_t checksum;
    checksum = form;
    trace.target_with("S. 0:0(0) ack 1 win 65535", [](wire::FrameSpec& f) {
      const wire::FrameSpec right = wire::dissect(wire::emit(f));
      f.tcp->urgent = std::get<std::uint16_t>(*right.tcp->checksum);
      f.tcp->checksum = wire::ChecksumSpec{checksum};
    });
    EXPECT_EQ(trace.verdict("checksums").empty(), form != 1) << form;
  }
}

TEST(Acknowledgment, NeverFalls) {
  TraceBuilder trace;
  trace.handshake().tester("P. 1:101(100) ack 1 win 65535").target(".  1:1(0) ack 101 win 65535");
  EXPECT_EQ(TraceBuilder(trace)
                .target(".  1:1(0) ack 101 win 65535")
                .verdict("acknowledgment-never-falls"),
            "");
  EXPECT_EQ(TraceBuilder(trace)
                .target(".  1:1(0) ack 51 win 65535")
                .verdict("acknowledgment-never-falls"),
            "ack 51 after ack 101");
  EXPECT_EQ(TraceBuilder(trace)
                .target(".  1:1(0) ack 102 win 65535")
                .verdict("acknowledgment-never-falls"),
            "ack 102, but the tester has only sent up to 101");
  // A RST takes its numbers from what it answers.
  EXPECT_EQ(
      TraceBuilder(trace).target("R. 1:1(0) ack 51 win 0").verdict("acknowledgment-never-falls"),
      "");
}

TEST(RightEdge, DoesNotMoveLeft) {
  TraceBuilder trace;
  trace.handshake().tester("P. 1:101(100) ack 1 win 65535");
  EXPECT_EQ(TraceBuilder(trace)
                .target(".  1:1(0) ack 1 win 65535")
                .target(".  1:1(0) ack 101 win 65435")
                .verdict("right-window-edge"),
            "");
  EXPECT_EQ(TraceBuilder(trace)
                .target(".  1:1(0) ack 1 win 65535")
                .target(".  1:1(0) ack 101 win 65434")
                .verdict("right-window-edge"),
            "right window edge 65535 after 65536");
}

TEST(RightEdge, MayLoseWhatTheShiftCannotShow) {
  TraceBuilder trace;
  trace.tester("S  0:0(0) win 65535 <mss 1000,wscale 0>")
      .target("S. 0:0(0) ack 1 win 65535 <mss 1460,wscale 7>")
      .tester(".  1:1(0) ack 1 win 65535")
      .target(".  1:1(0) ack 1 win 100")
      .tester("P. 1:101(100) ack 1 win 65535");
  EXPECT_EQ(TraceBuilder(trace).target(".  1:1(0) ack 101 win 99").verdict("right-window-edge"),
            "");
  EXPECT_NE(TraceBuilder(trace).target(".  1:1(0) ack 101 win 98").verdict("right-window-edge"),
            "");
}

TEST(PeerWindow, TextStaysInside) {
  TraceBuilder trace;
  trace.tester("S  0:0(0) win 65535 <mss 1000>")
      .target("S. 0:0(0) ack 1 win 65535")
      .tester(".  1:1(0) ack 1 win 500")
      .send(1000);
  EXPECT_EQ(
      TraceBuilder(trace).target(".  1:501(500) ack 1 win 65535").verdict("within-peer-window"),
      "");
  // The SYN offered 65535: its edge stands, a window may shrink and its octets may still come.
  TraceBuilder small;
  small.tester("S  0:0(0) win 400 <mss 1000>")
      .target("S. 0:0(0) ack 1 win 65535")
      .tester(".  1:1(0) ack 1 win 500")
      .send(1000);
  EXPECT_EQ(
      TraceBuilder(small).target(".  1:502(501) ack 1 win 65535").verdict("within-peer-window"),
      "text up to 502, but the window ends at 501");
  // A probe into a zero window begins at the edge.
  EXPECT_EQ(TraceBuilder(small)
                .target(".  1:501(500) ack 1 win 65535")
                .tester(".  1:1(0) ack 501 win 0")
                .target(".  501:502(1) ack 1 win 65535")
                .verdict("within-peer-window"),
            "");
}

TEST(PeerMss, CountsOptions) {
  TraceBuilder trace;
  trace.handshake().send(3000);
  EXPECT_EQ(
      TraceBuilder(trace).target(".  1:1001(1000) ack 1 win 65535").verdict("within-peer-mss"), "");
  EXPECT_EQ(
      TraceBuilder(trace).target(".  1:1002(1001) ack 1 win 65535").verdict("within-peer-mss"),
      "1001 octets, but the peer's MSS is 1000");
  EXPECT_EQ(TraceBuilder(trace)
                .target(".  1:1001(1000) ack 1 win 65535 <nop,nop,nop,nop>")
                .verdict("within-peer-mss"),
            "1000 octets and 4 of options, but the peer's MSS is 1000");
}

TEST(PeerMss, IsSmallWithoutAnOption) {
  TraceBuilder trace;
  trace.tester("S  0:0(0) win 65535")
      .target("S. 0:0(0) ack 1 win 65535")
      .tester(".  1:1(0) ack 1 win 65535")
      .send(600);
  EXPECT_EQ(TraceBuilder(trace).target(".  1:537(536) ack 1 win 65535").verdict("within-peer-mss"),
            "");
  EXPECT_EQ(TraceBuilder(trace).target(".  1:538(537) ack 1 win 65535").verdict("within-peer-mss"),
            "537 octets, but the peer's MSS is 536");
}

TEST(Sequence, HasNoHoles) {
  TraceBuilder trace;
  trace.handshake().send(300).target(".  1:101(100) ack 1 win 65535");
  EXPECT_EQ(
      TraceBuilder(trace).target(".  101:201(100) ack 1 win 65535").verdict("sequence-continuity"),
      "");
  EXPECT_EQ(TraceBuilder(trace).target(".  0:1(1) ack 1 win 65535").verdict("sequence-continuity"),
            "");
  EXPECT_EQ(
      TraceBuilder(trace).target(".  102:201(99) ack 1 win 65535").verdict("sequence-continuity"),
      "begins at 102, but only 101 has been sent");
}

TEST(RetransmissionIdentical, AnotherOctetIsFound) {
  TraceBuilder trace;
  trace.handshake().send(300).target(".  1:101(100) ack 1 win 65535").after(1s);
  EXPECT_EQ(TraceBuilder(trace)
                .target(".  51:151(100) ack 1 win 65535")
                .verdict("retransmission-identical"),
            "");
  const auto change = [](wire::FrameSpec& f) { f.payload[10] ^= 1; };
  EXPECT_EQ(TraceBuilder(trace)
                .target_with(".  51:151(100) ack 1 win 65535", change)
                .verdict("retransmission-identical"),
            "octet 61 is not the octet first sent there");
  // What the tester has acknowledged may come back as a keep-alive's garbage.
  EXPECT_EQ(TraceBuilder(trace)
                .tester(".  1:1(0) ack 101 win 65535")
                .target_with(".  100:101(1) ack 1 win 65535",
                             [](wire::FrameSpec& f) { f.payload[0] ^= 1; })
                .verdict("retransmission-identical"),
            "");
}

TEST(RetransmissionNotEarly, WaitsForTheDeclaredMinimum) {
  TraceBuilder trace;
  trace.handshake().send(100).target(".  1:101(100) ack 1 win 65535");
  EXPECT_EQ(TraceBuilder(trace)
                .after(199ms)
                .target(".  1:101(100) ack 1 win 65535")
                .verdict("retransmission-not-early"),
            "");
  EXPECT_EQ(TraceBuilder(trace)
                .after(99ms)
                .target(".  1:101(100) ack 1 win 65535")
                .verdict("retransmission-not-early"),
            "sent again after 100 ms, the shortest timeout is 200 ms");
  // Three duplicate ACKs are a reason.
  EXPECT_EQ(TraceBuilder(trace)
                .tester(".  1:1(0) ack 1 win 65535")
                .target(".  1:101(100) ack 1 win 65535")
                .verdict("retransmission-not-early"),
            "");
  // The timer counts from before such an answer, so it may be due right after; but only once.
  TraceBuilder again;
  again.handshake().send(100).target(".  1:101(100) ack 1 win 65535");
  again.tester(".  1:1(0) ack 1 win 65535").target(".  1:101(100) ack 1 win 65535");
  again.target(".  1:101(100) ack 1 win 65535");
  EXPECT_EQ(again.verdict("retransmission-not-early"), "");
  EXPECT_EQ(again.target(".  1:101(100) ack 1 win 65535").verdict("retransmission-not-early"),
            "sent again after 1 ms, the shortest timeout is 200 ms");
  // A retransmission of its own accord is no such answer.
  TraceBuilder alone;
  alone.handshake().send(100).target(".  1:101(100) ack 1 win 65535");
  alone.tester(".  1:1(0) ack 1 win 65535").after(300ms).target(".  1:101(100) ack 1 win 65535");
  EXPECT_EQ(alone.target(".  1:101(100) ack 1 win 65535").verdict("retransmission-not-early"),
            "sent again after 1 ms, the shortest timeout is 200 ms");
}

TEST(Payload, IsWhatWasGiven) {
  TraceBuilder trace;
  trace.handshake().send(100);
  EXPECT_EQ(TraceBuilder(trace).target(".  1:101(100) ack 1 win 65535").verdict("payload-intact"),
            "");
  EXPECT_EQ(TraceBuilder(trace).target(".  1:102(101) ack 1 win 65535").verdict("payload-intact"),
            "octet 101 was never given to SEND");
  EXPECT_EQ(TraceBuilder(trace)
                .target_with(".  1:101(100) ack 1 win 65535",
                             [](wire::FrameSpec& f) { f.payload[0] = 0; })
                .verdict("payload-intact"),
            "octet 1 is 0x00, given to SEND was 0xfe");
}

TEST(Reset, AnswersOrStandsInTheStream) {
  // To a segment with ACK: SEQ is that ACK.
  EXPECT_EQ(TraceBuilder()
                .tester(".  7:7(0) ack 9 win 1")
                .target_with("R  9:9(0) win 0", [](wire::FrameSpec&) {})
                .verdict("reset-well-formed"),
            "");
  // To one without: SEQ 0 and ACK covers it.
  const auto absolute_zero = [](wire::FrameSpec& f) { f.tcp->seq = wire::Seq{0}; };
  EXPECT_EQ(TraceBuilder()
                .tester("S  0:0(0) win 1")
                .target_with("R. 0:0(0) ack 1 win 0", absolute_zero)
                .verdict("reset-well-formed"),
            "");
  EXPECT_NE(TraceBuilder()
                .tester("S  0:0(0) win 1")
                .target_with("R. 0:0(0) ack 2 win 0", absolute_zero)
                .verdict("reset-well-formed"),
            "");
  // Of its own: at SND.NXT, not beyond.
  EXPECT_EQ(TraceBuilder().handshake().target("R. 1:1(0) ack 1 win 0").verdict("reset-well-formed"),
            "");
  EXPECT_EQ(TraceBuilder().handshake().target("R. 2:2(0) ack 1 win 0").verdict("reset-well-formed"),
            "RST with SEQ 2 answers no segment and is not at or below SND.NXT");
  EXPECT_EQ(
      TraceBuilder().handshake().target("SR. 1:1(0) ack 1 win 0").verdict("reset-well-formed"),
      "a RST carries neither SYN nor FIN");
}

TEST(States, FollowTheFigure) {
  using enum State;
  EXPECT_EQ(TraceBuilder()
                .state(listen)
                .state(syn_received)
                .state(established)
                .state(close_wait)
                .state(last_ack)
                .state(closed)
                .verdict("states-follow-figure-5"),
            "");
  EXPECT_EQ(TraceBuilder().state(listen).state(established).verdict("states-follow-figure-5"),
            "ESTABLISHED after LISTEN");
  EXPECT_EQ(TraceBuilder()
                .state(listen)
                .state(syn_received)
                .state(listen)
                .verdict("states-follow-figure-5"),
            "");
  // Sampled states may jump, but not back.
  TraceBuilder sampled;
  sampled.one_case().state_report = StateReport::sampled;
  EXPECT_EQ(TraceBuilder(sampled)
                .state(listen)
                .state(established)
                .state(time_wait)
                .verdict("states-follow-figure-5"),
            "");
  EXPECT_EQ(
      TraceBuilder(sampled).state(close_wait).state(syn_sent).verdict("states-follow-figure-5"),
      "SYN-SENT after CLOSE-WAIT");
}

TEST(Options, OnlyWhatWasAgreed) {
  TraceBuilder plain;
  plain.tester("S  0:0(0) win 65535 <mss 1000>");
  EXPECT_EQ(TraceBuilder(plain)
                .target("S. 0:0(0) ack 1 win 65535 <mss 1460>")
                .verdict("options-well-formed"),
            "");
  EXPECT_EQ(TraceBuilder(plain)
                .target("S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 7>")
                .verdict("options-well-formed"),
            "window scale answered, but not offered");
  EXPECT_EQ(TraceBuilder(plain)
                .target("S. 0:0(0) ack 1 win 65535 <nop,nop,sackOK>")
                .verdict("options-well-formed"),
            "SACK-permitted answered, but not offered");
  EXPECT_EQ(TraceBuilder(plain)
                .target("S. 0:0(0) ack 1 win 65535 <nop,nop,TS val 1 ecr 0>")
                .verdict("options-well-formed"),
            "timestamps answered, but not offered");
  plain.target("S. 0:0(0) ack 1 win 65535 <mss 1460>").tester(".  1:1(0) ack 1 win 65535");
  EXPECT_EQ(TraceBuilder(plain)
                .target(".  1:1(0) ack 1 win 65535 <mss 1460>")
                .verdict("options-well-formed"),
            "MSS option in a segment without SYN");
  EXPECT_EQ(TraceBuilder(plain)
                .target(".  1:1(0) ack 1 win 65535 <nop,nop,sack 5:9>")
                .verdict("options-well-formed"),
            "SACK blocks, but SACK was not agreed");
  EXPECT_EQ(TraceBuilder(plain)
                .target(".  1:1(0) ack 1 win 65535 <raw 020905b4>")
                .verdict("options-well-formed"),
            "an option's length is wrong");
  EXPECT_EQ(TraceBuilder(plain)
                .target(".  1:1(0) ack 1 win 65535 <raw 00010000>")
                .verdict("options-well-formed"),
            "octets after the end of the option list are not zero");
}

TEST(End, NothingFollows) {
  TraceBuilder trace;
  trace.handshake().send(10).target("F. 1:1(0) ack 1 win 65535");
  EXPECT_EQ(TraceBuilder(trace)
                .after(1s)
                .target("F. 1:1(0) ack 1 win 65535")
                .verdict("nothing-after-the-end"),
            "");
  EXPECT_EQ(
      TraceBuilder(trace).target("P. 1:11(10) ack 1 win 65535").verdict("nothing-after-the-end"),
      "octets up to 11, but the FIN was 1");
  EXPECT_EQ(
      TraceBuilder(trace).target("F. 2:2(0) ack 1 win 65535").verdict("nothing-after-the-end"),
      "a FIN at 2 after the FIN at 1");
  TraceBuilder reset;
  reset.handshake().target("R. 1:1(0) ack 1 win 0");
  EXPECT_EQ(TraceBuilder(reset)
                .tester("P. 1:11(10) ack 1 win 1")
                .target("R  1:1(0) win 0")
                .verdict("nothing-after-the-end"),
            "");
  EXPECT_EQ(
      TraceBuilder(reset).target(".  1:1(0) ack 1 win 65535").verdict("nothing-after-the-end"),
      "a segment after the RST that ended the connection");
  // A listener's RST to a stray ACK ends nothing, even if a SYN of the target comes to fit that ACK.
  TraceBuilder stray;
  stray.tester(".  0:0(0) ack 1 win 1").target("R  1:1(0) win 0").handshake();
  EXPECT_EQ(stray.verdict("nothing-after-the-end"), "");
}

}  // namespace
}  // namespace tcproof::checks
