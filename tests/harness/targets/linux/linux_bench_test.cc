// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/linux_bench.h"

#include <filesystem>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/targets/linux/session.h"
#include "tests/harness/topology/netns_fixture.h"

namespace tcproof::harness {
namespace {

using checks::Call;
using checks::Outcome;
using checks::State;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

class LinuxBenchTest : public NamespaceTest, public testing::WithParamInterface<wire::Family> {};

INSTANTIATE_TEST_SUITE_P(Families, LinuxBenchTest,
                         testing::Values(wire::Family::v4, wire::Family::v6),
                         [](const auto& family) {
                           return family.param == wire::Family::v4 ? "v4" : "v6";
                         });

constexpr const char* syn = "S  0:0(0) win 65535 <mss 1000>";

void establish(Session& s) {
  s.call({.verb = Call::Verb::open_passive});
  s.send(syn);
  ASSERT_TRUE(s.settle());
  s.send(".  1:1(0) ack 1 win 65535");
  ASSERT_TRUE(s.settle());
  ASSERT_THAT(s.take_lines(), ElementsAre("S. 0:0(0) ack 1"));
}

wire::Buffer tester_octets(std::uint64_t first, std::size_t count) {
  wire::Buffer octets(count);
  for (std::size_t i = 0; i < count; ++i) octets[i] = checks::tester_octet(first + i);
  return octets;
}

// Every state of a passive open and a passive close, each seen by the sample after its stimulus.
TEST_P(LinuxBenchTest, PassiveOpenThenThePeerClosesFirst) {
  Session s(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  EXPECT_EQ(s.look_up(), State::closed);
  const auto opened = s.call({.verb = Call::Verb::open_passive});
  EXPECT_EQ(s.look_up(), State::listen);
  s.send(syn);
  ASSERT_TRUE(s.settle());
  ASSERT_TRUE(s.returned(opened));
  EXPECT_EQ(s.returned(opened)->outcome, Outcome::ok);
  EXPECT_THAT(s.take_lines(), ElementsAre("S. 0:0(0) ack 1"));
  s.send(".  1:1(0) ack 1 win 65535");
  s.send("F. 1:1(0) ack 1 win 65535");
  ASSERT_TRUE(s.settle());
  s.wait();  // the kernel delays this ACK
  EXPECT_THAT(s.take_lines(), ElementsAre(".  1:1(0) ack 2"));
  const auto receive = s.call({.verb = Call::Verb::receive, .count = 1});
  const auto close = s.call({.verb = Call::Verb::close});
  ASSERT_TRUE(s.settle());
  EXPECT_EQ(s.returned(receive)->outcome, Outcome::closing);
  EXPECT_EQ(s.returned(close)->outcome, Outcome::ok);
  EXPECT_THAT(s.take_lines(), ElementsAre("F. 1:1(0) ack 2"));
  s.send(".  2:2(0) ack 2 win 65535");
  ASSERT_TRUE(s.settle());
  EXPECT_THAT(s.take_lines(), IsEmpty());
  EXPECT_THAT(s.reported_states(),
              ElementsAre(State::listen, State::syn_received, State::established, State::close_wait,
                          State::last_ack, State::closed));
  // Nobody listens any more: RFC 9293 3.10.7.1.
  s.send("S  100:100(0) win 65535");
  ASSERT_TRUE(s.settle());
  EXPECT_THAT(s.take_lines(), ElementsAre(StartsWith("R.")));
}

// A pair is ready when it is handed out, for both families.
TEST_P(LinuxBenchTest, FirstSynIsNeverLost) {
  for (int i = 0; i < 50; ++i) {
    Session s(pair_network(), GetParam());
    ASSERT_TRUE(s.open());
    s.call({.verb = Call::Verb::open_passive});
    s.send(syn);
    ASSERT_TRUE(s.settle());
    ASSERT_THAT(s.take_lines(), ElementsAre("S. 0:0(0) ack 1")) << "attempt " << i;
  }
}

// The times of a trace never fall, and an answer is later than what it answers.
TEST_P(LinuxBenchTest, TimesAreInOrder) {
  Session s(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  establish(s);
  s.call({.verb = Call::Verb::send, .count = 5000});
  ASSERT_TRUE(s.settle());
  const auto& events = s.trace().events();
  ASSERT_GT(events.size(), 10U);
  for (std::size_t i = 1; i < events.size(); ++i) {
    EXPECT_GE(time_of(events[i]), time_of(events[i - 1])) << "event " << i;
  }
}

// A fence is no frame of the target and teaches it nothing; a SYN with a bad checksum draws no
// answer.
TEST_P(LinuxBenchTest, FenceProvesSilence) {
  Session s(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  s.call({.verb = Call::Verb::open_passive});
  wire::FrameSpec frame = s.to_target();
  frame.tcp = wire::TcpSpec{.src_port = Session::tester_port,
                            .dst_port = Session::target_port,
                            .seq = wire::Seq{7},
                            .flags = wire::flag::syn,
                            .checksum = wire::BadChecksum{}};
  s.send(frame);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(s.settle());
  EXPECT_THAT(s.take_lines(), IsEmpty());
  EXPECT_THAT(s.reported_states(), ElementsAre(State::listen));
}

TEST_P(LinuxBenchTest, ResetOfAHalfOpenConnectionListensAgain) {
  Session s(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  s.call({.verb = Call::Verb::open_passive});
  s.send(syn);
  ASSERT_TRUE(s.settle());
  s.send("R  1:1(0) win 0");
  ASSERT_TRUE(s.settle());
  EXPECT_THAT(s.reported_states(), ElementsAre(State::listen, State::syn_received, State::listen));
}

TEST_P(LinuxBenchTest, ActiveOpenIsRefused) {
  Session s(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  s.call({.verb = Call::Verb::open_active});
  ASSERT_TRUE(s.settle());
  EXPECT_THAT(s.take_lines(), ElementsAre("S  0:0(0)"));
  EXPECT_EQ(s.look_up(), State::syn_sent);
  s.send("R. 0:0(0) ack 1 win 0");
  const auto status = s.call({.verb = Call::Verb::status});
  ASSERT_TRUE(s.settle());
  EXPECT_EQ(s.returned(status)->outcome, Outcome::refused);
  EXPECT_EQ(s.look_up(), State::closed);
}

TEST_P(LinuxBenchTest, OctetsGoBothWays) {
  Session s(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  establish(s);
  const auto receive = s.call({.verb = Call::Verb::receive, .count = 100});
  ASSERT_TRUE(s.settle());
  EXPECT_FALSE(s.returned(receive));  // it waits
  s.send("P. 1:101(100) ack 1 win 65535", tester_octets(1, 100));
  ASSERT_TRUE(s.settle());
  ASSERT_TRUE(s.returned(receive));
  EXPECT_EQ(s.returned(receive)->outcome, Outcome::ok);
  EXPECT_THAT(s.trace().octets(s.returned(receive)->data),
              testing::ElementsAreArray(tester_octets(1, 100)));
  s.call({.verb = Call::Verb::send, .count = 100});
  ASSERT_TRUE(s.settle());
  const auto frames = s.frames(0, 1);
  ASSERT_EQ(frames.back().payload.size(), 100U);
  EXPECT_EQ(frames.back().payload[0], checks::target_octet(1));
  EXPECT_EQ(frames.back().payload[99], checks::target_octet(100));
}

TEST_P(LinuxBenchTest, WithdrawnReceiveReturnsNothing) {
  Session s(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  establish(s);
  const auto receive = s.call({.verb = Call::Verb::receive, .count = 1});
  checks::Trace after;
  s.bench().withdraw(after, receive);
  s.bench().drain(after);
  ASSERT_FALSE(after.events().empty());
  EXPECT_EQ(std::get<checks::CallReturned>(after.events().front()).outcome, Outcome::nothing);
}

// CLOSE keeps the socket: FIN-WAIT-2 may still receive, and unread octets cause no RST.
TEST_P(LinuxBenchTest, CloseIsHalfClose) {
  Session s(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  establish(s);
  s.call({.verb = Call::Verb::close});
  s.send(".  1:1(0) ack 2 win 65535");
  ASSERT_TRUE(s.settle());
  EXPECT_EQ(s.look_up(), State::fin_wait_2);
  s.send("P. 1:11(10) ack 2 win 65535", tester_octets(1, 10));
  const auto receive = s.call({.verb = Call::Verb::receive, .count = 10});
  const auto again = s.call({.verb = Call::Verb::close});
  const auto send = s.call({.verb = Call::Verb::send, .count = 1});
  s.send("F. 11:11(0) ack 2 win 65535");
  ASSERT_TRUE(s.settle());
  EXPECT_EQ(s.returned(receive)->outcome, Outcome::ok);
  EXPECT_EQ(s.returned(again)->outcome, Outcome::closing);
  EXPECT_EQ(s.returned(send)->outcome, Outcome::closing);
  EXPECT_EQ(s.look_up(), State::time_wait);
}

// One segment acknowledges the FIN and brings the peer's: the look after it sees TIME-WAIT, the
// tracepoint also what lies before.
TEST_P(LinuxBenchTest, OrderInsideOneStimulus) {
  Session s(pair_network(), GetParam());
  if (const std::string why = s.trace_states(); !why.empty()) GTEST_SKIP() << why;
  Session other(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  ASSERT_TRUE(other.open());
  establish(s);
  establish(other);  // the same ports in another namespace: not this one's business
  s.call({.verb = Call::Verb::close});
  s.send("F. 1:1(0) ack 2 win 65535");
  ASSERT_TRUE(s.settle());
  EXPECT_EQ(s.look_up(), State::time_wait);
  EXPECT_THAT(s.reported_states(),
              ElementsAre(State::listen, State::syn_received, State::established, State::fin_wait_1,
                          State::fin_wait_2, State::time_wait));
}

TEST_P(LinuxBenchTest, TimeWaitIsFreedAtTheEnd) {
  Session s(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  establish(s);
  s.call({.verb = Call::Verb::close});
  s.send("F. 1:1(0) ack 2 win 65535");
  ASSERT_TRUE(s.settle());
  ASSERT_EQ(s.look_up(), State::time_wait);
  s.bench().free_time_waits();
  EXPECT_EQ(s.look_up(), State::closed);
}

TEST_P(LinuxBenchTest, ResetEndsConnection) {
  Session s(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  establish(s);
  s.send("R  1:1(0) win 0");
  const auto status = s.call({.verb = Call::Verb::status});
  const auto close = s.call({.verb = Call::Verb::close});
  ASSERT_TRUE(s.settle());
  EXPECT_EQ(s.returned(status)->outcome, Outcome::reset);
  EXPECT_EQ(s.returned(close)->outcome, Outcome::no_connection);
  EXPECT_EQ(s.look_up(), State::closed);
}

TEST_P(LinuxBenchTest, AbortSendsReset) {
  Session s(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  establish(s);
  const auto receive = s.call({.verb = Call::Verb::receive, .count = 1});
  const auto abort = s.call({.verb = Call::Verb::abort});
  ASSERT_TRUE(s.settle());
  EXPECT_EQ(s.returned(abort)->outcome, Outcome::ok);
  EXPECT_EQ(s.returned(receive)->outcome, Outcome::reset);
  EXPECT_THAT(s.take_lines(), ElementsAre(StartsWith("R. 1:1(0)")));
  EXPECT_EQ(s.look_up(), State::closed);
}

TEST_P(LinuxBenchTest, NumbersOfStatus) {
  Session s(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  establish(s);
  s.send("P. 1:11(10) ack 1 win 65535", tester_octets(1, 10));
  const auto ask = [&](Call::Status what) {
    const auto step = s.call({.verb = Call::Verb::status, .status = what});
    EXPECT_TRUE(s.settle());
    return s.returned(step)->number;
  };
  EXPECT_EQ(ask(Call::Status::unread), 10);
  EXPECT_EQ(ask(Call::Status::path_mtu), 1500);
  EXPECT_EQ(ask(Call::Status::mss), 1000);
  EXPECT_EQ(ask(Call::Status::urgent), 0);
}

TEST_P(LinuxBenchTest, UrgentOctetsAreCounted) {
  Session s(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  establish(s);
  s.send("PU. 1:11(10) ack 1 win 65535 urg 6", tester_octets(1, 10));
  const auto urgent = s.call({.verb = Call::Verb::status, .status = Call::Status::urgent});
  const auto receive = s.call({.verb = Call::Verb::receive, .count = 10});
  ASSERT_TRUE(s.settle());
  EXPECT_EQ(s.returned(urgent)->number, 6);
  EXPECT_THAT(s.trace().octets(s.returned(receive)->data),
              testing::ElementsAreArray(tester_octets(1, 10)));
}

TEST_P(LinuxBenchTest, DatagramsAndTheirErrors) {
  Session s(pair_network(), GetParam(), false);
  ASSERT_TRUE(s.open());
  s.call({.verb = Call::Verb::open_passive});
  wire::FrameSpec frame = s.to_target();
  frame.udp = wire::UdpSpec{.src_port = Session::tester_port, .dst_port = Session::target_port};
  frame.payload = tester_octets(0, 40);
  s.send(frame);
  const auto receive = s.call({.verb = Call::Verb::receive, .count = 40});
  s.call({.verb = Call::Verb::send, .count = 5});
  ASSERT_TRUE(s.settle());
  EXPECT_THAT(s.trace().octets(s.returned(receive)->data),
              testing::ElementsAreArray(tester_octets(0, 40)));
  const auto sent = s.frames(0, 1).back();
  ASSERT_TRUE(sent.udp);
  EXPECT_EQ(sent.udp->dst_port, Session::tester_port);
  EXPECT_EQ(sent.payload[0], checks::target_octet(0));
  s.call({.verb = Call::Verb::close});
  s.send(frame);
  ASSERT_TRUE(s.settle());
  const auto answer = s.frames(0, 1).back();
  EXPECT_TRUE(answer.icmp || answer.icmpv6);  // port unreachable
}

TEST_P(LinuxBenchTest, PingGoesOut) {
  Session s(pair_network(), GetParam());
  ASSERT_TRUE(s.open());
  const auto ping = s.call({.verb = Call::Verb::ping, .count = 40});
  ASSERT_TRUE(s.settle());
  EXPECT_EQ(s.returned(ping)->outcome, Outcome::ok);
  const auto request = s.frames(0, 1).back();
  ASSERT_TRUE(request.icmp || request.icmpv6);
  EXPECT_EQ(request.payload.size(), 40U);
}

// Through the router both links show the same segments, each with the host that put it there.
TEST_P(LinuxBenchTest, RoutedPath) {
  Session s(router_network(), GetParam());
  ASSERT_TRUE(s.open());
  s.call({.verb = Call::Verb::open_passive});
  s.send(syn);
  ASSERT_TRUE(s.settle());
  EXPECT_THAT(s.take_lines(), ElementsAre("S. 0:0(0) ack 1"));
  const auto is_tcp = [](const wire::FrameSpec& frame) { return frame.tcp.has_value(); };
  EXPECT_THAT(s.frames(1, 2), testing::Contains(testing::Truly(is_tcp)));  // the SYN, forwarded
  EXPECT_THAT(s.frames(0, 2), testing::Contains(testing::Truly(is_tcp)));  // the SYN-ACK, forwarded
  EXPECT_EQ(s.look_up(), State::syn_received);
}

// The router says what it drops, the target believes it, and FLUSH makes it forget.
TEST_P(LinuxBenchTest, PathMtuIsLearntAndFlushed) {
  Session s(router_network(1400), GetParam());
  ASSERT_TRUE(s.open());
  s.call({.verb = Call::Verb::open_passive});
  s.send("S  0:0(0) win 65535 <mss 1440>");
  ASSERT_TRUE(s.settle());
  s.send(".  1:1(0) ack 1 win 65535");
  s.call({.verb = Call::Verb::send, .count = 1440});
  ASSERT_TRUE(s.settle());
  const auto ask = [&] {
    const auto step = s.call({.verb = Call::Verb::status, .status = Call::Status::path_mtu});
    EXPECT_TRUE(s.settle());
    return s.returned(step)->number;
  };
  EXPECT_EQ(ask(), 1400);
  const auto flush = s.call({.verb = Call::Verb::flush, .flush = Call::Flush::path_mtu});
  ASSERT_TRUE(s.settle());
  EXPECT_EQ(s.returned(flush)->outcome, Outcome::ok);
  s.send(".  1:1(0) ack 1441 win 65535");
  s.call({.verb = Call::Verb::send, .count = 1});
  EXPECT_EQ(ask(), 1500);
}

TEST_P(LinuxBenchTest, FrameOfAStrangerIsAnError) {
  Session s(router_network(), GetParam());
  ASSERT_TRUE(s.open());
  checks::Trace trace;
  s.bench().send(trace, 0, 2, 0, wire::Buffer(60));  // the router's end of the near link has no tap
  s.bench().drain(trace);
  ASSERT_FALSE(trace.events().empty());
  EXPECT_TRUE(std::holds_alternative<checks::Trouble>(trace.events().back()));
}

using LinuxBenchPlainTest = NamespaceTest;

TEST_F(LinuxBenchPlainTest, MissingSysctlIsASkip) {
  link::Reaper reaper;
  checks::Case one_case;
  one_case.network = pair_network();
  one_case.sysctls = {{"net.ipv4.tcp_no_such_thing", "1"}};
  const auto bench = LinuxBench::open(one_case, {.reaper = reaper});
  ASSERT_FALSE(bench);
  EXPECT_TRUE(is_skip(bench.error()));
  EXPECT_THAT(bench.error().step, testing::HasSubstr("tcp_no_such_thing"));
}

// A sysctl of the case must reach the target's namespace and not the machine's.
TEST_F(LinuxBenchPlainTest, SysctlsAreTheNamespacesOwn) {
  Session s(pair_network(), wire::Family::v4);
  s.the_case().sysctls = {{"net.ipv4.ip_default_ttl", "77"}};
  ASSERT_TRUE(s.open());
  s.call({.verb = Call::Verb::open_active});
  ASSERT_TRUE(s.settle());
  EXPECT_EQ(s.frames(0, 1).back().ip->ttl, 77);
}

// Two passive OPENs share a listener; each connection is told by the tester's port.
// An old SYN of a second connection between the same ports: who waits is still the first.
TEST_F(LinuxBenchPlainTest, TimeWaitStaysItsOwnersWhileAnotherKnocks) {
  Session s(pair_network(), wire::Family::v4);
  checks::Case& one_case = s.the_case();
  one_case.connections.push_back(one_case.connections.front());
  for (const std::uint16_t id : {std::uint16_t{0}, std::uint16_t{1}}) {
    checks::Step step;
    step.id = id;
    step.conn = static_cast<checks::ConnId>(id);
    one_case.steps.push_back(step);
  }
  ASSERT_TRUE(s.open());
  establish(s);
  s.call({.verb = Call::Verb::close});
  s.send("F. 1:1(0) ack 2 win 65535");
  ASSERT_TRUE(s.settle());
  ASSERT_EQ(s.look_up(), State::time_wait);

  wire::FrameSpec knock = s.to_target();
  knock.tcp = wire::TcpSpec{.src_port = Session::tester_port,
                            .dst_port = Session::target_port,
                            .seq = wire::Seq{0xffff0000},
                            .flags = wire::flag::syn};
  checks::Trace trace;
  s.bench().send(trace, 0, one_case.network.tester, 1, wire::emit(knock));
  EXPECT_EQ(s.look_up(), State::time_wait);
  s.bench().look_up(trace, 1);
  EXPECT_EQ(std::get<checks::StateSeen>(trace.events().back()).state, State::closed);
}

TEST_F(LinuxBenchPlainTest, SecondIncarnationIsTheSecondConnection) {
  Session s(pair_network(), wire::Family::v4);
  ASSERT_TRUE(s.open());
  establish(s);
  s.send("R  1:1(0) win 0");
  ASSERT_TRUE(s.settle());
  EXPECT_EQ(s.look_up(), State::closed);
  s.call({.verb = Call::Verb::open_passive});
  EXPECT_EQ(s.look_up(), State::listen);
  s.send("S  1000:1000(0) win 65535");
  EXPECT_EQ(s.look_up(), State::syn_received);
}

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

TEST_F(LinuxBenchPlainTest, LeavesNothingBehind) {
  const auto before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    Session s(router_network(), wire::Family::v4);
    ASSERT_TRUE(s.open());
    s.call({.verb = Call::Verb::open_passive});
    s.send(syn);
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace tcproof::harness
