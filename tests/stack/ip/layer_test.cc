// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/layer.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stack/ip/frames.h"

namespace tcproof::ip {
namespace {

using test::our_mac;
using test::peer_mac;
using testing::IsEmpty;
using testing::SizeIs;
using wire::Buffer;
using wire::Family;
using wire::FrameSpec;
using wire::IpAddress;

/// Keeps what goes up, and answers datagrams as a host without any socket.
class Recorder : public Upper {
 public:
  void packet(const Packet& packet, Instant now) override {
    packets.emplace_back(packet.payload.begin(), packet.payload.end());
    if (packet.protocol == 17) layer->port_unreachable(packet, now);
  }
  void error(const ErrorReport& report, Instant) override { errors.push_back(report); }
  void packet_too_big(const ErrorReport&, std::uint32_t mtu, Instant) override {
    too_big.push_back(mtu);
  }
  bool may_have_sent(const ErrorReport&) const override { return sent; }
  void path_mtu_changed(const IpAddress& remote) override { changed.push_back(remote); }
  void echo_reply(const Packet&, std::uint16_t sequence) override { replies.push_back(sequence); }
  void frame(wire::Bytes octets) override { frames.push_back(wire::dissect(octets)); }
  void trace(std::string_view rule) override { notes.emplace_back(rule); }

  Layer* layer = nullptr;
  std::vector<Buffer> packets;
  std::vector<ErrorReport> errors;
  std::vector<std::uint32_t> too_big;
  std::vector<IpAddress> changed;
  std::vector<std::uint16_t> replies;
  bool sent = true;
  std::vector<FrameSpec> frames;
  std::vector<std::string> notes;
};

class LayerTest : public testing::TestWithParam<Family> {
 protected:
  LayerTest() {
    upper.layer = &layer;
    introduce();
  }
  /// Requests of other kinds teach nothing, so the neighbour makes itself known.
  void introduce() {
    FrameSpec hello;
    if (v4()) {
      hello.eth = {.dst = wire::mac_broadcast, .src = peer_mac};
      hello.arp = {.op = std::uint16_t{1}, .sha = peer_mac, .spa = peer(), .tpa = ours()};
    } else {
      hello.eth = {.dst = our_mac, .src = peer_mac};
      hello.ip = {.family = Family::v6, .ttl = std::uint8_t{255}, .src = peer(), .dst = ours()};
      hello.nd = {.type = std::uint8_t{135}, .target = ours(), .source_lla = peer_mac};
    }
    input(hello);
    upper.frames.clear();
  }
  bool v4() const { return GetParam() == Family::v4; }
  IpAddress ours() const { return v4() ? test::our_v4 : test::our_v6; }
  IpAddress peer() const { return v4() ? test::peer_v4 : test::peer_v6; }
  IpAddress all() const { return v4() ? wire::ipv4_broadcast : *wire::parse_ip("ff02::1"); }

  FrameSpec base() const {
    FrameSpec frame;
    frame.eth = {.dst = our_mac, .src = peer_mac};
    frame.ip = {.family = GetParam(), .src = peer(), .dst = ours()};
    return frame;
  }
  void set_icmp(FrameSpec& frame, std::uint8_t type, std::uint8_t code = 0) const {
    (v4() ? frame.icmp : frame.icmpv6) = wire::IcmpSpec{.type = type, .code = code};
  }
  wire::IcmpSpec& icmp(FrameSpec& frame) const { return v4() ? *frame.icmp : *frame.icmpv6; }
  FrameSpec echo() const {
    FrameSpec frame = base();
    set_icmp(frame, v4() ? 8 : 128);
    (v4() ? frame.icmp : frame.icmpv6)->id = 7;
    (v4() ? frame.icmp : frame.icmpv6)->seq = 9;
    frame.payload = {1, 2, 3};
    return frame;
  }
  FrameSpec datagram() const {
    FrameSpec frame = base();
    frame.udp = {.src_port = std::uint16_t{4000}, .dst_port = std::uint16_t{53}};
    frame.payload = Buffer(100, 6);
    return frame;
  }
  void to_all(FrameSpec& frame) const {
    frame.ip->dst = all();
    frame.eth->dst = v4() ? wire::mac_broadcast : wire::multicast_mac(all());
  }
  void input(const FrameSpec& frame) { layer.input(wire::emit(frame), now); }

  Instant now{1h};
  Recorder upper;
  Layer layer{test::interface_under_test(), {.secret = 1}, upper};
};
INSTANTIATE_TEST_SUITE_P(Families, LayerTest, testing::Values(Family::v4, Family::v6),
                         [](const auto& family) {
                           return family.param == Family::v4 ? "v4" : "v6";
                         });

TEST_P(LayerTest, AnEchoRequestIsAnsweredWithItsData) {
  input(echo());
  ASSERT_THAT(upper.frames, SizeIs(1));
  FrameSpec& reply = upper.frames[0];
  EXPECT_EQ(icmp(reply).type, v4() ? 0 : 129);
  EXPECT_EQ(icmp(reply).id, 7);
  EXPECT_EQ(icmp(reply).seq, 9);
  EXPECT_EQ(reply.payload, (Buffer{1, 2, 3}));
  EXPECT_EQ(reply.ip->dst, peer());
  // The checksum is the one that emit() computes.
  FrameSpec again = reply;
  icmp(again).checksum.reset();
  EXPECT_EQ(wire::emit(again), wire::emit(reply));
}

TEST_P(LayerTest, AnEchoRequestWithABadChecksumIsDropped) {
  FrameSpec frame = echo();
  icmp(frame).checksum = wire::BadChecksum{};
  input(frame);
  EXPECT_THAT(upper.frames, IsEmpty());
}

// RFC 1122 3.2.2.6 lets IPv4 be silent; RFC 4443 4.2 wants an answer from our unicast address.
TEST_P(LayerTest, AnEchoRequestToAllIsForIpv6Only) {
  FrameSpec frame = echo();
  to_all(frame);
  input(frame);
  ASSERT_THAT(upper.frames, SizeIs(v4() ? 0 : 1));
  if (!v4()) {
    EXPECT_EQ(upper.frames[0].ip->src, ours());
  }
}

TEST_P(LayerTest, AClosedPortIsReportedWithAQuote) {
  const FrameSpec sent = datagram();
  input(sent);
  ASSERT_THAT(upper.frames, SizeIs(1));
  FrameSpec& error = upper.frames[0];
  EXPECT_EQ(icmp(error).type, v4() ? 3 : 1);
  EXPECT_EQ(icmp(error).code, v4() ? 3 : 4);
  const Buffer octets = wire::emit(sent);
  EXPECT_EQ(error.payload, Buffer(octets.begin() + 14, octets.end()));
}

TEST_P(LayerTest, AQuoteHasItsLimit) {
  FrameSpec sent = datagram();
  sent.payload = Buffer(1400, 6);
  input(sent);
  ASSERT_THAT(upper.frames, SizeIs(1));
  EXPECT_EQ(upper.frames[0].ip->length, v4() ? 576U : 1280U);
}

// RFC 1122 3.2.2, RFC 4443 2.4 (e).
TEST_P(LayerTest, NoErrorAnswersAGroupOrAnError) {
  FrameSpec frame = datagram();
  to_all(frame);
  input(frame);
  frame = base();
  set_icmp(frame, v4() ? 3 : 1, 9);
  frame.payload = Buffer(4);
  input(frame);
  EXPECT_THAT(upper.frames, IsEmpty());
}

TEST_P(LayerTest, AnUnknownProtocolIsReported) {
  FrameSpec frame = base();
  frame.ip->protocol = 253;
  frame.payload = Buffer(8);
  input(frame);
  ASSERT_THAT(upper.frames, SizeIs(1));
  FrameSpec& error = upper.frames[0];
  EXPECT_EQ(icmp(error).type, v4() ? 3 : 4);
  EXPECT_EQ(icmp(error).code, v4() ? 2 : 1);
  if (!v4()) {
    EXPECT_EQ(error.icmpv6->pointer, 6U);
  }
}

TEST_P(LayerTest, ErrorsAreLimited) {  // RFC 4443 2.4 (f)
  for (int i = 0; i < 500; ++i) input(datagram());
  EXPECT_THAT(upper.frames, SizeIs(100));
  now += 1s;
  input(datagram());
  EXPECT_THAT(upper.frames, SizeIs(101));
}

TEST_P(LayerTest, FragmentsAreReassembledAndReported) {
  const FrameSpec whole = datagram();
  const wire::FragmentPiece pieces[] = {{60, 48, false, {}}, {48, 0, true, {}}};
  for (const Buffer& frame : wire::emit_fragments(whole, pieces, 5)) layer.input(frame, now);
  ASSERT_THAT(upper.packets, SizeIs(1));
  const Buffer octets = wire::emit(whole);
  EXPECT_EQ(upper.packets[0], Buffer(octets.end() - 108, octets.end()));
  EXPECT_THAT(upper.frames, SizeIs(1)) << "port unreachable";
}

// RFC 1122 3.3.2, RFC 8200 4.5: only if the first fragment is there.
TEST_P(LayerTest, MissingFragmentsAreReportedAfterAMinuteIfTheFirstCame) {
  const wire::FragmentPiece pieces[] = {{48, 0, true, {}}, {60, 48, false, {}}};
  const auto frames = wire::emit_fragments(datagram(), pieces, 5);
  layer.input(frames[0], now);
  FrameSpec other = datagram();
  layer.input(wire::emit_fragments(other, pieces, 6)[1], now);
  now += 60s;
  introduce();
  layer.advance(now);
  std::vector<FrameSpec> errors;
  for (const FrameSpec& frame : upper.frames) {
    if (v4() ? frame.icmp.has_value() : frame.icmpv6.has_value()) errors.push_back(frame);
  }
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(icmp(errors[0]).type, v4() ? 11 : 3);
  EXPECT_EQ(icmp(errors[0]).code, 1);
  EXPECT_EQ(errors[0].payload, Buffer(frames[0].begin() + 14, frames[0].end()));
}

TEST_P(LayerTest, ErrorsAboutOurPacketsGoUp) {
  FrameSpec ours_sent = datagram();
  std::swap(ours_sent.ip->src, ours_sent.ip->dst);
  const Buffer octets = wire::emit(ours_sent);
  const auto report = [&](std::uint8_t type, std::uint8_t code, std::size_t quoted) {
    upper.errors.clear();
    FrameSpec error = base();
    set_icmp(error, type, code);
    error.payload.assign(octets.begin() + 14,
                         octets.begin() + 14 + static_cast<std::ptrdiff_t>(quoted));
    input(error);
    return upper.errors.size();
  };
  const std::size_t least = (v4() ? 20 : 40) + 8;
  // RFC 9293 3.9.2.2.
  const std::vector<std::pair<int, int>> hard =
      v4() ? std::vector<std::pair<int, int>>{{3, 2}, {3, 3}, {3, 4}}
           : std::vector<std::pair<int, int>>{{1, 1}, {1, 4}};
  const std::vector<std::pair<int, int>> soft =
      v4() ? std::vector<std::pair<int, int>>{{3, 0}, {3, 1}, {3, 5}, {11, 0}, {11, 1}, {12, 0}}
           : std::vector<std::pair<int, int>>{{1, 0}, {1, 3}, {3, 0}, {3, 1},
                                              {4, 0}, {4, 1}, {4, 2}};
  for (const auto& [type, code] : hard) {
    ASSERT_EQ(report(static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(code), least), 1U);
    EXPECT_TRUE(upper.errors[0].hard) << type << "/" << code;
    EXPECT_EQ(upper.errors[0].remote, peer());
  }
  for (const auto& [type, code] : soft) {
    ASSERT_EQ(report(static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(code), least), 1U);
    EXPECT_FALSE(upper.errors[0].hard) << type << "/" << code;
  }
  EXPECT_EQ(report(v4() ? 3 : 1, 0, least - 1), 0U) << "too short a quote";
  if (v4()) {
    EXPECT_EQ(report(4, 0, least), 0U) << "source quench, RFC 9293 MUST-55";
  }
}

TEST_P(LayerTest, AnErrorAboutSomebodyElsesPacketIsDropped) {
  const Buffer theirs = wire::emit(datagram());
  FrameSpec error = base();
  set_icmp(error, v4() ? 3 : 1, 0);
  error.payload.assign(theirs.begin() + 14, theirs.end());
  input(error);
  EXPECT_THAT(upper.errors, IsEmpty());
}

TEST_P(LayerTest, OctetsForAnotherStationAreNotLookedAt) {
  FrameSpec frame = echo();
  frame.eth->dst = wire::MacAddress{{2, 0, 0, 0, 0, 77}};
  input(frame);
  EXPECT_THAT(upper.frames, IsEmpty());
}

TEST_P(LayerTest, WhatIsBeyondTheLinkGoesToTheRouter) {
  const IpAddress far = *wire::parse_ip(v4() ? "198.51.100.1" : "2001:db8:99::1");
  layer.ping(far, 8, now);
  ASSERT_THAT(upper.frames, SizeIs(1));
  const Interface interface = test::interface_under_test();
  if (v4()) {
    EXPECT_EQ(upper.frames[0].arp->tpa, interface.v4_router);
  } else {
    EXPECT_EQ(upper.frames[0].nd->target, interface.v6_router);
  }
}

TEST_P(LayerTest, WhatIsTooLongIsSentInFragments) {
  layer.ping(peer(), 3000, now);
  ASSERT_THAT(upper.frames, SizeIs(3));
  std::set<std::uint32_t> ids;
  for (const FrameSpec& frame : upper.frames) {
    EXPECT_TRUE(frame.is_fragment());
    EXPECT_LE(*frame.ip->length, 1500U);
    ids.insert(*frame.ip->id);
  }
  EXPECT_THAT(ids, SizeIs(1));
}

}  // namespace
}  // namespace tcproof::ip
