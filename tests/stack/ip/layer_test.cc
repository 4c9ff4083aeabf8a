// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/layer.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/ip/rules.h"
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
      v4() ? std::vector<std::pair<int, int>>{{3, 2}, {3, 3}}
           : std::vector<std::pair<int, int>>{{1, 1}, {1, 4}};
  const std::vector<std::pair<int, int>> soft =
      v4() ? std::vector<std::pair<int, int>>{{3, 0}, {3, 1}, {3, 5}, {11, 0}, {11, 1}, {12, 0}}
           : std::vector<std::pair<int, int>>{{1, 0}, {1, 3}, {3, 0}, {3, 1},
                                              {4, 0}, {4, 1}, {4, 2}, {100, 0}};
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

/// A message that `quoted`, a packet of ours, is too big.
class PathMtuLayerTest : public LayerTest {
 protected:
  FrameSpec ours_sent(std::uint8_t protocol) {
    FrameSpec frame = base();
    std::swap(frame.ip->src, frame.ip->dst);
    if (protocol == 17) {
      frame.udp = {.src_port = std::uint16_t{53}, .dst_port = std::uint16_t{4000}};
    } else {
      frame.tcp = wire::TcpSpec{.src_port = std::uint16_t{53}, .dst_port = std::uint16_t{4000}};
    }
    frame.payload = Buffer(1400, 1);
    return frame;
  }
  void too_big(const FrameSpec& quoted, std::uint32_t mtu) {
    const Buffer octets = wire::emit(quoted);
    FrameSpec error = base();
    set_icmp(error, v4() ? 3 : 2, v4() ? 4 : 0);
    icmp(error).mtu = mtu;
    error.payload.assign(octets.begin() + 14, octets.begin() + 14 + (v4() ? 28 : 1232));
    input(error);
  }
};
INSTANTIATE_TEST_SUITE_P(Families, PathMtuLayerTest, testing::Values(Family::v4, Family::v6),
                         [](const auto& family) {
                           return family.param == Family::v4 ? "v4" : "v6";
                         });

TEST_P(PathMtuLayerTest, ADatagramThatWasSentTeachesThePath) {
  too_big(ours_sent(17), 1300);
  EXPECT_EQ(layer.path_mtu(peer()), 1300U);
  EXPECT_THAT(upper.changed, testing::ElementsAre(peer()));
  EXPECT_THAT(upper.errors, IsEmpty());
  layer.ping(peer(), 1400, now);
  EXPECT_THAT(upper.frames, SizeIs(2)) << "in fragments that fit";
  now += 10min;
  layer.advance(now);
  EXPECT_EQ(layer.path_mtu(peer()), 1500U);
  EXPECT_THAT(upper.changed, SizeIs(2));
}

TEST_P(PathMtuLayerTest, ADatagramThatWasNotSentTeachesNothing) {
  upper.sent = false;
  too_big(ours_sent(17), 1300);
  EXPECT_EQ(layer.path_mtu(peer()), 1500U);
}

// RFC 5927: only the connection can tell, and it says so by learn_path_mtu().
TEST_P(PathMtuLayerTest, OfSegmentsTheConnectionDecides) {
  too_big(ours_sent(6), 1300);
  EXPECT_THAT(upper.too_big, testing::ElementsAre(1300U));
  EXPECT_EQ(layer.path_mtu(peer()), 1500U);
  layer.learn_path_mtu(peer(), 1300, now);
  EXPECT_EQ(layer.path_mtu(peer()), 1300U);
  too_big(ours_sent(6), 1300);
  EXPECT_THAT(upper.too_big, SizeIs(1)) << "no news";
}

TEST_P(PathMtuLayerTest, AnEchoReplyThatWasSentTeachesThePath) {
  FrameSpec request = echo();
  request.payload = Buffer(1400, 1);
  input(request);
  ASSERT_THAT(upper.frames, SizeIs(1));
  FrameSpec forged = upper.frames[0];
  icmp(forged).seq = 77;
  icmp(forged).checksum.reset();
  too_big(forged, 1300);
  EXPECT_EQ(layer.path_mtu(peer()), 1500U);
  too_big(upper.frames[0], 1300);
  EXPECT_EQ(layer.path_mtu(peer()), 1300U);
}

// RFC 1122 4.2.3.9, RFC 8201 4: a host of old.
TEST_P(PathMtuLayerTest, WithoutDiscoveryTheMessageIsAnErrorLikeOthers) {
  Recorder above;
  Layer old{test::interface_under_test(), {.path_mtu_discovery = false}, above};
  EXPECT_EQ(old.path_mtu(peer()), v4() ? 1500U : 1280U);
  const Buffer octets = wire::emit(ours_sent(17));
  FrameSpec error = base();
  set_icmp(error, v4() ? 3 : 2, v4() ? 4 : 0);
  icmp(error).mtu = 1300;
  error.payload.assign(octets.begin() + 14, octets.begin() + 14 + (v4() ? 28 : 1232));
  old.input(wire::emit(error), now);
  ASSERT_THAT(above.errors, SizeIs(1));
  EXPECT_EQ(above.errors[0].hard, v4());
  EXPECT_EQ(old.path_mtu(peer()), v4() ? 1500U : 1280U);
}

TEST_P(LayerTest, TheReplyToOurPingGoesUp) {
  layer.ping(peer(), 3, now);
  FrameSpec reply = base();
  set_icmp(reply, v4() ? 0 : 129);
  icmp(reply).id = 1;
  icmp(reply).seq = 1;
  input(reply);
  icmp(reply).id = 2;
  input(reply);
  EXPECT_THAT(upper.replies, testing::ElementsAre(1));
}

// RFC 1122 3.2.2.8. The clock is an hour old and does not count from midnight UT.
TEST_P(LayerTest, ATimestampRequestIsAnsweredOverIpv4) {
  if (!v4()) GTEST_SKIP() << "ICMPv6 has no timestamps";
  FrameSpec request = base();
  set_icmp(request, 13);
  icmp(request).id = 7;
  icmp(request).seq = 9;
  icmp(request).originate = 1000;
  input(request);
  FrameSpec for_all = request;
  to_all(for_all);
  input(for_all);
  ASSERT_FALSE(upper.frames.empty());
  const FrameSpec& reply = upper.frames.back();
  ASSERT_TRUE(reply.icmp);
  EXPECT_EQ(reply.icmp->type, 14);
  EXPECT_EQ(reply.icmp->id, 7);
  EXPECT_EQ(reply.icmp->seq, 9);
  EXPECT_EQ(reply.icmp->originate, 1000U);
  EXPECT_EQ(reply.icmp->receive, 0x80000000U + 3'600'000U);
  EXPECT_EQ(reply.icmp->transmit, reply.icmp->receive);
  const auto replies = std::ranges::count_if(
      upper.frames, [](const FrameSpec& f) { return f.icmp && f.icmp->type == 14; });
  EXPECT_EQ(replies, 1) << "none to a group";
}

TEST_P(LayerTest, TheDefaultTtlIsConfigured) {
  Recorder above;
  Interface interface = test::interface_under_test();
  interface.ttl = interface.hop_limit = 7;
  Layer other{interface, {}, above};
  above.layer = &other;
  other.input(wire::emit(echo()), now);
  // Nobody has told the link address: a question comes first, the reply when it is answered.
  FrameSpec hello;
  if (v4()) {
    hello.eth = {.dst = our_mac, .src = peer_mac};
    hello.arp = {.op = std::uint16_t{2}, .sha = peer_mac, .spa = peer(), .tpa = ours()};
  } else {
    hello.eth = {.dst = our_mac, .src = peer_mac};
    hello.ip = {.family = Family::v6, .ttl = std::uint8_t{255}, .src = peer(), .dst = ours()};
    hello.nd = {.type = std::uint8_t{136},
                .target = peer(),
                .solicited = true,
                .override_ = true,
                .target_lla = peer_mac};
  }
  other.input(wire::emit(hello), now);
  EXPECT_EQ(above.frames.back().ip->ttl, 7);
}

TEST_P(LayerTest, ErrorsAreLimitedAsConfigured) {
  Recorder above;
  Layer limited{test::interface_under_test(), {.errors_per_second = 3}, above};
  above.layer = &limited;
  FrameSpec hello = base();
  for (int i = 0; i < 10; ++i) limited.input(wire::emit(datagram()), now);
  EXPECT_EQ(std::ranges::count(above.notes, std::string(rule::no_icmp_too_many_errors_this_second)),
            7);
  limited.input(wire::emit(datagram()), now + 1s);
  EXPECT_EQ(std::ranges::count(above.notes, std::string(rule::no_icmp_too_many_errors_this_second)),
            7);
}

// RFC 1122 3.2.2.2.
TEST(Redirect, MovesOneDestinationIfTheFirstHopSaysSo) {
  Recorder above;
  Layer layer{test::interface_under_test(), {}, above};
  const IpAddress far = IpAddress::v4(203, 0, 113, 9);
  const IpAddress first = IpAddress::v4(192, 0, 2, 254);
  const IpAddress better = IpAddress::v4(192, 0, 2, 77);
  const Instant now{1h};
  const auto redirect = [&](const IpAddress& from, const IpAddress& gateway) {
    FrameSpec lost;
    lost.ip = {.family = Family::v4, .src = test::our_v4, .dst = far};
    lost.udp = {.src_port = std::uint16_t{1}, .dst_port = std::uint16_t{2}};
    FrameSpec frame;
    frame.eth = {.dst = our_mac, .src = peer_mac};
    frame.ip = {.family = Family::v4, .src = from, .dst = test::our_v4};
    frame.icmp = wire::IcmpSpec{.type = std::uint8_t{5}, .code = std::uint8_t{1}};
    frame.icmp->gateway = gateway;
    const Buffer octets = wire::emit(lost);
    frame.payload.assign(octets.begin(), octets.end());
    layer.input(wire::emit(frame), now);
  };
  const auto asked_for = [&] {
    layer.flush_neighbours();
    layer.ping(far, 1, now);
    return above.frames.back().arp->tpa;
  };
  redirect(better, better);
  EXPECT_EQ(asked_for(), first) << "not from the first hop";
  redirect(first, IpAddress::v4(198, 51, 100, 1));
  EXPECT_EQ(asked_for(), first) << "not a neighbour";
  redirect(first, better);
  EXPECT_EQ(asked_for(), better);
}

}  // namespace
}  // namespace tcproof::ip
