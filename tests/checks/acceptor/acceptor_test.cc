// SPDX-License-Identifier: Apache-2.0
// Goal: the acceptor, with the rules of the shipped state table, permits what RFC 9293 permits of a
// trace and refuses a state or a segment that it does not.
#include "checks/acceptor/acceptor.h"

#include <gtest/gtest.h>

#include "checks/acceptor/segment_class.h"
#include "tests/checks/acceptor/shipped_rules.h"
#include "tests/checks/invariants/trace_builder.h"

namespace tcproof::checks {
namespace {

using invariant_test::TraceBuilder;
using enum State;

/// What the invariant says of a trace that begins with an OPEN.
struct Permitted : TraceBuilder {
  explicit Permitted(Call::Verb open = Call::Verb::open_passive) {
    one_case().state_rules = shipped_rules();
    call(open);
  }
};
std::string verdict(const TraceBuilder& trace) {
  return trace.verdict("states-permitted");
}
TraceBuilder with(const TraceBuilder& trace, State state) {
  return TraceBuilder(trace).state(state);
}

TEST(SegmentClass, TellsWhatTheRfcTells) {
  const Numbers numbers{wire::Seq{1000}, wire::Seq{5000}, wire::Seq{5100}, 500};
  using Place = SegmentClass::Place;
  using Ack = SegmentClass::Ack;
  const auto place = [&](std::uint32_t seq, std::uint32_t octets) {
    return classify(wire::flag::ack, wire::Seq{seq}, octets, wire::Seq{5100}, numbers).place;
  };
  EXPECT_EQ(place(1000, 0), Place::first);
  EXPECT_EQ(place(1000, 500), Place::first);
  EXPECT_EQ(place(1000, 501), Place::across_right);
  EXPECT_EQ(place(1001, 1), Place::inside);
  EXPECT_EQ(place(1500, 1), Place::right);
  EXPECT_EQ(place(900, 100), Place::left);
  EXPECT_EQ(place(900, 101), Place::across_left);
  EXPECT_EQ(place(999, 0), Place::left);
  const auto ack = [&](std::uint32_t number) {
    return classify(wire::flag::ack, wire::Seq{1000}, 0, wire::Seq{number}, numbers).ack;
  };
  EXPECT_EQ(ack(4999), Ack::old);
  EXPECT_EQ(ack(5000), Ack::una);
  EXPECT_EQ(ack(5050), Ack::within);
  EXPECT_EQ(ack(5100), Ack::nxt);
  EXPECT_EQ(ack(5101), Ack::future);
  EXPECT_EQ(classify({}, wire::Seq{1000}, 0, wire::Seq{5100}, numbers).ack, Ack::absent);
}

TEST(Acceptor, FollowsAnOpenAndAPassiveClose) {
  Permitted trace;
  EXPECT_EQ(verdict(with(trace, listen)), "");
  trace.handshake();
  EXPECT_EQ(verdict(with(trace, established)), "");
  EXPECT_EQ(verdict(with(trace, syn_received)),
            "shows SYN-RECEIVED, but the wire permits ESTABLISHED");
  trace.tester("F. 1:1(0) ack 1 win 65535").target(".  1:1(0) ack 2 win 65535");
  EXPECT_EQ(verdict(with(trace, close_wait)), "");
  EXPECT_EQ(verdict(with(trace, established)),
            "shows ESTABLISHED, but the wire permits CLOSE-WAIT");
  trace.call(Call::Verb::close).target("F. 1:1(0) ack 2 win 65535");
  EXPECT_EQ(verdict(with(trace, last_ack)), "");
  trace.tester(".  2:2(0) ack 2 win 65535");
  EXPECT_EQ(verdict(with(trace, closed)), "");
  EXPECT_EQ(verdict(with(trace, last_ack)),
            "shows LAST-ACK, but the wire permits CLOSED or LISTEN or TIME-WAIT");
}

TEST(Acceptor, FollowsAnActiveClose) {
  Permitted trace;
  trace.handshake().call(Call::Verb::close);
  EXPECT_EQ(verdict(with(trace, fin_wait_1)), "") << "before its FIN has left";
  EXPECT_EQ(verdict(with(trace, established)), "") << "queued data goes first";
  trace.target("F. 1:1(0) ack 1 win 65535");
  EXPECT_EQ(verdict(with(trace, established)),
            "shows ESTABLISHED, but the wire permits FIN-WAIT-1");
  EXPECT_EQ(verdict(with(trace, fin_wait_2)), "shows FIN-WAIT-2, but the wire permits FIN-WAIT-1");
  TraceBuilder both(trace);
  both.tester("F. 1:1(0) ack 2 win 65535");
  // On the way from FIN-WAIT-1 to TIME-WAIT a target may report what it passes through.
  EXPECT_EQ(verdict(TraceBuilder(both).state(fin_wait_2).state(time_wait)), "");
  TraceBuilder crossing(trace);
  crossing.tester("F. 1:1(0) ack 1 win 65535").target(".  2:2(0) ack 2 win 65535");
  EXPECT_EQ(verdict(with(crossing, closing)), "");
  EXPECT_EQ(verdict(with(crossing, time_wait)), "shows TIME-WAIT, but the wire permits CLOSING");
}

TEST(Acceptor, RefusesASegmentThatNoPermittedStateSends) {
  Permitted unasked;
  unasked.handshake().target("F. 1:1(0) ack 1 win 65535");
  EXPECT_EQ(verdict(unasked), "a FIN, but the wire permits ESTABLISHED");
  Permitted early;
  early.target("S  0:0(0) win 65535");
  EXPECT_EQ(verdict(early), "a SYN, but the wire permits LISTEN");
  Permitted gone;
  gone.handshake().tester("R  1:1(0) win 0").target(".  1:1(0) ack 1 win 65535");
  EXPECT_EQ(verdict(gone), "a segment of a connection, but the wire permits CLOSED or LISTEN");
}

TEST(Acceptor, KeepsWhatTheTableLeavesOpen) {
  // A RST in TIME-WAIT may end it (RFC 9293) or not (RFC 1337).
  Permitted trace;
  trace.handshake().call(Call::Verb::close).target("F. 1:1(0) ack 1 win 65535");
  trace.tester("F. 1:1(0) ack 2 win 65535").target(".  2:2(0) ack 2 win 65535");
  trace.tester("R  2:2(0) win 0");
  EXPECT_EQ(verdict(with(trace, time_wait)), "");
  EXPECT_EQ(verdict(with(trace, closed)), "");
  EXPECT_NE(verdict(with(trace, established)), "");
}

TEST(Acceptor, AConnectionWithoutKeepAlivesStaysWhereNothingIsOutstanding) {
  Permitted idle;
  idle.handshake().after(1h);
  EXPECT_EQ(verdict(with(idle, closed)), "shows CLOSED, but the wire permits ESTABLISHED");
  Permitted probed;
  probed.handshake().set("keep-alive", 1).after(1h);
  EXPECT_EQ(verdict(with(probed, closed)), "");
  EXPECT_EQ(verdict(with(probed, established)), "");
}

TEST(Acceptor, AFinThatIsNotTheTurnOfBindsNobody) {
  Permitted listener;
  listener.tester("F. 0:0(0) ack 1 win 65535")
      .tester("S  0:0(0) win 65535")
      .target("S. 0:0(0) ack 1 win 65535");
  EXPECT_EQ(verdict(with(listener, syn_received)), "");
  Permitted beyond;
  beyond.handshake().tester("F. 1:1(0) ack 1 win 65535").tester("P. 1:2(1) ack 1 win 65535");
  beyond.target(".  1:1(0) ack 2 win 65535");
  EXPECT_EQ(verdict(with(beyond, close_wait)), "");
  // Behind a gap it counts once the gap is filled.
  Permitted gap;
  gap.handshake().tester("F. 101:101(0) ack 1 win 65535").target(".  1:1(0) ack 1 win 65535");
  EXPECT_EQ(verdict(with(gap, established)), "");
  gap.tester("P. 1:101(100) ack 1 win 65535");
  EXPECT_EQ(verdict(with(gap, close_wait)), "");
}

TEST(Acceptor, SendCallsThePeerThatAPassiveOpenHasNamed) {
  TraceBuilder trace;
  trace.one_case().state_rules = shipped_rules();
  trace.listen_for_one_peer();
  EXPECT_EQ(verdict(with(trace, listen)), "");
  trace.send(10);
  EXPECT_EQ(verdict(with(trace, listen)), "shows LISTEN, but the wire permits SYN-SENT");
  trace.target("S  0:0(0) win 65535");
  EXPECT_EQ(verdict(with(trace, syn_sent)), "");
  Permitted for_anybody;
  for_anybody.send(10);
  EXPECT_EQ(verdict(with(for_anybody, syn_sent)), "shows SYN-SENT, but the wire permits LISTEN");
}

TEST(Acceptor, ActiveOpensCross) {
  Permitted trace(Call::Verb::open_active);
  trace.target("S  0:0(0) win 65535");
  EXPECT_EQ(verdict(with(trace, syn_sent)), "");
  trace.tester("S  0:0(0) win 65535").target("S. 0:0(0) ack 1 win 65535");
  EXPECT_EQ(verdict(with(trace, syn_received)), "");
  EXPECT_EQ(verdict(with(trace, established)),
            "shows ESTABLISHED, but the wire permits SYN-RECEIVED");
}

}  // namespace
}  // namespace tcproof::checks
