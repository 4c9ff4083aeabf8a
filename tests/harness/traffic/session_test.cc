// SPDX-License-Identifier: Apache-2.0
#include "harness/traffic/session.h"

#include <gtest/gtest.h>

#include "generator/backends/live_frames.h"
#include "generator/backends/ring.h"
#include "generator/engine.h"
#include "generator/receivers/xdp.h"
#include "harness/traffic/profile_reader.h"
#include "harness/traffic/views.h"
#include "stack/link/packet_socket.h"
#include "tests/harness/topology/netns_fixture.h"

namespace tcproof::harness {
namespace {

class Session : public NamespaceTest {
 protected:
  static generator::Profile profile(const std::string& text) {
    auto read = parse_traffic_profile("p.yaml", text, ".");
    if (!read) ADD_FAILURE() << render(read.error());
    return read ? *read : generator::Profile{};
  }
  /// Sends all of it through a pair of its own.
  static Outcome send(const generator::Profile& what, const SessionOptions& options) {
    auto ends = Ends::make_pair(what.mtu, options.threads);
    if (!ends) {
      ADD_FAILURE() << ends.error().step << ": " << ends.error().why;
      return {};
    }
    const auto compiled = generator::compile(what);
    const auto choice = choose(*compiled, options, *ends);
    if (!choice) {
      ADD_FAILURE() << render(choice.error());
      return {};
    }
    auto outcome = run_session(*compiled, *ends, *choice, options.threads, [](const Sample&) {});
    if (outcome) return std::move(*outcome);
    ADD_FAILURE() << outcome.error().step << ": " << outcome.error().why;
    return {};
  }
};

const char* const mixed = R"(
name: mixed
streams:
  datagrams:
    udp: {}
    size: 60..1514
    flows: 1000
    count: 5000
  data:
    family: v6
    segment: . 1:1(0) ack 1 win 500
    tcp: { seq: { increment: 1, by: 100 } }
    size: 174
    count: 3000
  requests:
    segment: S 0:0(0) win 500 <mss 1460>
    tcp: { seq: { random: 1 } }
    count: 2000
)";

TEST_F(Session, SentIsReceivedAndLost) {
  const Outcome outcome = send(profile(mixed), {.backend = BackendKind::sendmmsg});
  ASSERT_EQ(outcome.sent.size(), 3U);
  ASSERT_TRUE(outcome.received);
  const std::uint64_t wanted[] = {5000, 3000, 2000};
  for (std::size_t i = 0; i < 3; ++i) {
    const generator::Received& got = outcome.received->streams[i];
    EXPECT_EQ(outcome.sent[i].packets, wanted[i]);
    EXPECT_EQ(got.frames - got.duplicated + lost(outcome, i), wanted[i]);
    EXPECT_EQ(got.frames, wanted[i]) << "nothing is dropped on an idle pair";
    EXPECT_EQ(got.corrupted, 0U);
    EXPECT_EQ(got.octets, outcome.sent[i].octets);
  }
  EXPECT_EQ(outcome.received->streams[0].latency.total(), 5000U);
  EXPECT_FALSE(outcome.failure);
}

TEST_F(Session, ThreadsShareTheStreams) {
  const Outcome outcome = send(profile(mixed), {.threads = 3, .backend = BackendKind::sendmmsg});
  ASSERT_TRUE(outcome.received);
  EXPECT_EQ(outcome.received->streams[0].whole(), 5000U);
  EXPECT_EQ(outcome.received->streams[1].whole(), 3000U);
  EXPECT_EQ(outcome.received->streams[0].reordered, 0U);
}

const char* const everything_varies = R"(
name: everything varies
streams:
  s:
    udp: { src-port: { random: 3 }, dst-port: 1..9 }
    eth: { src: "02:00:00:00:01:00..02:00:00:00:01:ff" }
    ip: { id: { increment: 7, by: 3 }, ttl: { list: [1, 2, 255] }, dscp: 0..63, df: { list: [true, false] } }
    size: { random: 5, from: 60, to: 1514 }
    flows: 1000000
    count: 2000
)";

/// What arrives is what the profile says, octet for octet.
void expect_frames(const generator::Profile& what, BackendKind kind, std::uint64_t count) {
  auto ends = Ends::make_pair(what.mtu, 1);
  ASSERT_TRUE(ends);
  const auto compiled = generator::compile(what).value();
  link::Reaper reaper;
  auto socket = ends->at_receiver([&] {
    return link::PacketSocket::open(ends->receiver(), {.receive_buffer = 64 << 20}, reaper);
  });
  ASSERT_TRUE(socket);
  const Ends sending = std::move(*ends);
  const auto choice = choose(compiled, {.backend = kind, .receiver = ReceiverKind::none}, sending);
  ASSERT_TRUE(choice) << render(choice.error());
  const auto outcome = run_session(compiled, sending, *choice, 1, [](const Sample&) {});
  ASSERT_TRUE(outcome) << outcome.error().step << ": " << outcome.error().why;
  link::PacketSocket::Frame frame;
  for (std::uint64_t k = 0; k < count; ++k) {
    ASSERT_TRUE(socket->receive(frame)) << "packet " << k << " did not come";
    wire::Buffer wanted = wire::emit(generator::frame_at(compiled[0].stream(), k));
    wire::Buffer got(frame.octets.begin(), frame.octets.end());
    // The time of sending is the one thing that a profile does not say.
    const wire::FrameSpec whole = wire::dissect(got);
    EXPECT_EQ(wire::dissect(wire::emit(whole)), whole);
    ASSERT_EQ(got.size(), wanted.size());
    const std::size_t stamp = compiled[0].header_octets() + 10;
    std::uint64_t time = 0;
    for (std::size_t i = 0; i < 8; ++i) time = time << 8 | got[stamp + i];
    ASSERT_EQ(got, wire::emit(generator::frame_at(compiled[0].stream(), k, time)))
        << "packet " << k;
  }
  EXPECT_FALSE(socket->receive(frame)) << "more frames than packets";
}

TEST_F(Session, TheKernelCutsSegmentsAsTheProfileSays) {
  expect_frames(profile(R"(
name: tcp
streams:
  s:
    segment: . 1:1(0) ack 1 win 500
    ip: { id: { increment: 65000 } }
    tcp: { seq: { increment: 4294960000, by: 100 } }
    size: 154
    count: 1000
)"),
                BackendKind::segments, 1000);
  expect_frames(profile(R"(
name: tcp over IPv6, with options
streams:
  s:
    family: v6
    segment: . 1:1(0) ack 1 win 500 <nop,nop,TS val 5 ecr 6>
    tcp: { seq: { increment: 1, by: 1000 } }
    size: 1086
    count: 300
)"),
                BackendKind::segments, 300);
  expect_frames(profile("name: udp\nstreams:\n  s:\n    udp: {}\n    ip: { id: { increment: 0 } }\n"
                        "    count: 1001\n"),
                BackendKind::segments, 1001);
  expect_frames(profile("name: udp\nstreams:\n  s:\n    family: v6\n    udp: {}\n    count: 999\n"),
                BackendKind::segments, 999);
}

/// Several streams whose frames take turns in the same memory.
TEST_F(Session, AnAfXdpSocketSendsEveryStreamAsItIs) {
  {
    const auto ends = Ends::make_pair(1500, 1);
    ASSERT_TRUE(ends);
    if (const std::string why = af_xdp_trouble(*ends, 1); !why.empty()) GTEST_SKIP() << why;
  }
  const Outcome outcome = send(profile(mixed), {.threads = 2, .backend = BackendKind::af_xdp});
  ASSERT_TRUE(outcome.received);
  const std::uint64_t wanted[] = {5000, 3000, 2000};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(outcome.sent[i].packets, wanted[i]);
    EXPECT_EQ(outcome.received->streams[i].frames, wanted[i]);
    EXPECT_EQ(outcome.received->streams[i].corrupted, 0U);
    EXPECT_EQ(outcome.received->streams[i].octets, outcome.sent[i].octets);
  }
  EXPECT_EQ(outcome.received->foreign, 0U);
  expect_frames(profile(everything_varies), BackendKind::af_xdp, 2000);
}

TEST_F(Session, SendmmsgSendsWhatTheProfileSays) {
  expect_frames(profile(everything_varies), BackendKind::sendmmsg, 2000);
}

TEST_F(Session, ATxRingSendsWhatTheProfileSays) {
  expect_frames(profile(everything_varies), BackendKind::tx_ring, 2000);
  expect_frames(profile("name: small\nstreams:\n  s:\n    udp: { dst-port: 1..9 }\n    size: 60\n"
                        "    count: 1001\n"),
                BackendKind::tx_ring, 1001);
  expect_frames(profile("name: jumbo\nmtu: 9000\nstreams:\n  s:\n    udp: {}\n"
                        "    size: 60..9014\n    count: 9000\n"),
                BackendKind::tx_ring, 9000);
}

/// Several streams and threads; slots are used for one stream and then for another.
TEST_F(Session, ATxRingSendsEveryStreamAsItIs) {
  const Outcome outcome = send(profile(mixed), {.threads = 2, .backend = BackendKind::tx_ring});
  ASSERT_TRUE(outcome.received);
  const std::uint64_t wanted[] = {5000, 3000, 2000};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(outcome.sent[i].packets, wanted[i]);
    EXPECT_EQ(outcome.received->streams[i].frames, wanted[i]);
    EXPECT_EQ(outcome.received->streams[i].corrupted, 0U);
    EXPECT_EQ(outcome.received->streams[i].octets, outcome.sent[i].octets);
  }
  EXPECT_EQ(outcome.received->foreign, 0U);
}

TEST_F(Session, ATxRingTakesNothingOverTheMtu) {
  const auto ends = Ends::make_pair(1400, 1);
  ASSERT_TRUE(ends);
  const auto compiled =
      generator::compile(profile("name: t\nstreams:\n  s: { udp: {}, size: 1415, count: 1 }\n"));
  const auto choice = choose(*compiled, {.backend = BackendKind::tx_ring}, *ends);
  ASSERT_TRUE(choice);
  const auto outcome = run_session(*compiled, *ends, *choice, 1, [](const Sample&) {});
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().step.find("over the MTU 1400"), std::string::npos)
      << outcome.error().step;
}

TEST_F(Session, LiveFramesAreAllCounted) {
  if (const std::string why = generator::bpf_refusal(); !why.empty()) GTEST_SKIP() << why;
  const auto what = profile(R"(
name: live
streams:
  a: { udp: {}, flows: 1000000, ip: { id: { random: 1 } }, count: 70000 }
  b: { udp: { dst-port: { list: [1, 2, 3] } }, count: 50000 }
)");
  const Outcome outcome = send(what, {.backend = BackendKind::live_frames});
  ASSERT_TRUE(outcome.received);
  EXPECT_EQ(outcome.received->streams[0].frames, 70000U);
  EXPECT_EQ(outcome.received->streams[1].frames, 50000U);
  EXPECT_EQ(outcome.received->foreign, 0U);
}

TEST_F(Session, AStreamThatAFastBackendCannotSendIsRefused) {
  auto ends = Ends::make_pair(1500, 1);
  ASSERT_TRUE(ends);
  const auto compiled = generator::compile(profile(mixed)).value();
  EXPECT_FALSE(choose(compiled, {.backend = BackendKind::segments}, *ends));
  const auto choice = choose(compiled, {}, *ends);
  ASSERT_TRUE(choice);
  const bool sockets = af_xdp_trouble(*ends, 1).empty();
  EXPECT_EQ(choice->backend, sockets ? BackendKind::af_xdp : BackendKind::tx_ring);
  EXPECT_NE(choice->why, "");
  const auto paced =
      generator::compile(profile("name: t\nstreams:\n  s: { udp: {}, schedule: { pps: 5 } }\n"));
  EXPECT_EQ(choose(*paced, {}, *ends)->backend, BackendKind::sendmmsg) << "there are no batches";
  const auto large =
      generator::compile(profile("name: t\nmtu: 9000\nstreams:\n  s: { udp: {}, size: 5000 }\n"));
  EXPECT_FALSE(choose(*large, {.backend = BackendKind::af_xdp}, *ends)) << "over a page";
  EXPECT_EQ(choose(*large, {}, *ends)->backend, BackendKind::tx_ring) << "its slots grow";
}

}  // namespace
}  // namespace tcproof::harness
