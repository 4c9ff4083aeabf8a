// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/nd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/ip/ipv6.h"
#include "tests/stack/ip/frames.h"

namespace tcproof::ip {
namespace {

using test::our_mac;
using test::our_v6;
using test::peer_mac;
using test::peer_v6;
using testing::IsEmpty;
using testing::SizeIs;
using wire::FrameSpec;
using wire::IpAddress;
using wire::MacAddress;
using wire::NdSpec;

constexpr MacAddress other_mac{{2, 0, 0, 0, 0, 9}};
const IpAddress all_nodes = *wire::parse_ip("ff02::1");
const IpAddress unspecified = *wire::parse_ip("::");

class NdTest : public testing::Test {
 protected:
  FrameSpec solicitation() {
    FrameSpec frame;
    frame.ip = {.family = wire::Family::v6,
                .ttl = std::uint8_t{255},
                .src = peer_v6,
                .dst = wire::solicited_node(our_v6)};
    frame.nd = {.type = std::uint8_t{135}, .target = our_v6, .source_lla = peer_mac};
    return frame;
  }
  FrameSpec advertisement(const MacAddress& mac, bool solicited, bool override_) {
    FrameSpec frame;
    frame.ip = {
        .family = wire::Family::v6, .ttl = std::uint8_t{255}, .src = peer_v6, .dst = our_v6};
    frame.nd = {.type = std::uint8_t{136},
                .target = peer_v6,
                .solicited = solicited,
                .override_ = override_,
                .target_lla = mac};
    return frame;
  }
  void input(const FrameSpec& frame) {
    const wire::Buffer packet = wire::emit(frame);
    const Arrival arrival = receive_v6(packet, interface, false);
    ASSERT_EQ(arrival.dropped, "");
    const auto message = wire::NdView::parse(arrival.packet.payload);
    ASSERT_TRUE(message);
    if (const auto rule = reason_to_drop(arrival.packet, *message); !rule.empty())
      return out.trace(rule);
    if (message->type() == wire::icmpv6_type::neighbor_solicitation)
      return under_test.solicitation(arrival.packet, *message, now);
    no_router = under_test.advertisement(*message, now);
  }
  void send(std::uint8_t number) {
    wire::Buffer frame(60, number);
    under_test.send(frame, peer_v6, now);
  }
  void run(Duration duration) {
    const Instant end = now + duration;
    while (under_test.next_deadline() && *under_test.next_deadline() <= end) {
      now = *under_test.next_deadline();
      under_test.advance(now);
    }
    now = end;
  }
  void learn() {
    send(0);
    input(advertisement(peer_mac, true, true));
    out.frames.clear();
  }

  Instant now{1h};
  Interface interface = test::interface_under_test();
  test::Collector out;
  Nd under_test{interface, out};
  bool no_router = false;
};

TEST_F(NdTest, AnswersASolicitationForOurAddress) {
  input(solicitation());
  ASSERT_THAT(out.frames, SizeIs(1));
  const FrameSpec& answer = out.frames[0];
  EXPECT_EQ(answer.eth->dst, peer_mac);
  EXPECT_EQ(answer.ip->src, our_v6);
  EXPECT_EQ(answer.ip->dst, peer_v6);
  EXPECT_EQ(answer.ip->ttl, 255);
  EXPECT_EQ(answer.nd->type, 136);
  EXPECT_EQ(answer.nd->target, our_v6);
  EXPECT_EQ(answer.nd->solicited, true);
  EXPECT_EQ(answer.nd->override_, true);
  EXPECT_EQ(answer.nd->router, false);
  EXPECT_EQ(answer.nd->target_lla, our_mac);
  // STALE by the solicitation, DELAY by the packet sent in return (RFC 4861 7.3.3).
  EXPECT_EQ(under_test.state(peer_v6), Nd::State::delay);
}

// What goes out must pass the checks of a receiver, checksum included.
TEST_F(NdTest, TheChecksumIsRight) {
  input(solicitation());
  FrameSpec answer = out.frames.at(0);
  const auto checksum = answer.nd->checksum;
  answer.nd->checksum.reset();
  EXPECT_EQ(wire::dissect(wire::emit(answer)).nd->checksum, checksum);
}

// RFC 4861 7.2.4: to a probe the answer goes to all nodes, not solicited.
TEST_F(NdTest, ADuplicateAddressProbeIsAnsweredToAllNodes) {
  FrameSpec probe = solicitation();
  probe.ip->src = unspecified;
  probe.nd->source_lla.reset();
  input(probe);
  ASSERT_THAT(out.frames, SizeIs(1));
  EXPECT_EQ(out.frames[0].ip->dst, all_nodes);
  EXPECT_EQ(out.frames[0].eth->dst, wire::multicast_mac(all_nodes));
  EXPECT_EQ(out.frames[0].nd->solicited, false);
  EXPECT_FALSE(under_test.state(unspecified));
}

// RFC 4861 7.1.1 and 7.1.2, one breach each.
TEST_F(NdTest, DropsWhatBreaksTheRules) {
  std::vector<FrameSpec> wrong(9, solicitation());
  wrong[0].ip->ttl = 254;
  wrong[1].nd->code = 1;
  wrong[2].nd->target = all_nodes;
  wrong[3].nd->options = wire::Buffer{1, 0, 0, 0, 0, 0, 0, 0};
  wrong[4].ip->src = unspecified;  // with a link address
  wrong[5].ip->src = unspecified;  // to our unicast address
  wrong[5].ip->dst = our_v6;
  wrong[5].nd->source_lla.reset();
  wrong[6] = advertisement(peer_mac, true, true);
  wrong[6].ip->dst = all_nodes;
  wrong[7].ip->extensions = std::vector<wire::Extension>{{44, {0, 0, 0, 0, 0, 0, 1}}};  // RFC 6980
  wrong[8] = advertisement(peer_mac, true, true);
  wrong[8].nd->target = our_v6;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    input(wrong[i]);
    EXPECT_THAT(out.notes, SizeIs(i + 1)) << i;
  }
  EXPECT_THAT(out.frames, IsEmpty());
}

TEST_F(NdTest, ResolvesByTheSolicitedNodeAddress) {
  send(1);
  send(2);
  ASSERT_THAT(out.frames, SizeIs(1));
  const FrameSpec& asked = out.frames[0];
  EXPECT_EQ(asked.eth->dst, wire::multicast_mac(wire::solicited_node(peer_v6)));
  EXPECT_EQ(asked.ip->dst, wire::solicited_node(peer_v6));
  EXPECT_EQ(asked.ip->ttl, 255);
  EXPECT_EQ(asked.nd->target, peer_v6);
  EXPECT_EQ(asked.nd->source_lla, our_mac);
  input(advertisement(peer_mac, true, true));
  ASSERT_THAT(out.frames, SizeIs(3));
  EXPECT_EQ(out.frames[1].eth->dst, peer_mac);
  EXPECT_EQ(out.frames[2].payload.at(20), 2);
  EXPECT_EQ(under_test.state(peer_v6), Nd::State::reachable);
}

TEST_F(NdTest, ThreeSolicitationsInVainAreAFailure) {
  send(1);
  run(2999ms);
  EXPECT_THAT(out.frames, SizeIs(3));
  EXPECT_THAT(out.gave_up, IsEmpty());
  run(1ms);
  EXPECT_THAT(out.frames, SizeIs(3));
  EXPECT_THAT(out.gave_up, SizeIs(1));
  EXPECT_FALSE(under_test.state(peer_v6));
}

TEST_F(NdTest, AnAdvertisementNobodyAskedForTeachesNothing) {
  input(advertisement(peer_mac, true, true));
  EXPECT_FALSE(under_test.state(peer_v6));
}

// RFC 4861 7.2.5, the table of what Override and Solicited do.
TEST_F(NdTest, OverrideDecidesWhetherANewAddressCounts) {
  learn();
  input(advertisement(other_mac, true, false));
  EXPECT_EQ(under_test.state(peer_v6), Nd::State::stale);
  send(1);
  EXPECT_EQ(out.frames.back().eth->dst, peer_mac) << "without override the address stays";
  input(advertisement(other_mac, false, true));
  EXPECT_EQ(under_test.state(peer_v6), Nd::State::stale);
  send(2);
  EXPECT_EQ(out.frames.back().eth->dst, other_mac);
  input(advertisement(other_mac, true, true));
  EXPECT_EQ(under_test.state(peer_v6), Nd::State::reachable);
}

// RFC 4861 7.3: reachable 30 s, then the first packet starts 5 s of delay, then three unicast
// probes.
TEST_F(NdTest, ASilentNeighbourIsProbedAndForgotten) {
  learn();
  run(30s);
  send(1);
  EXPECT_EQ(under_test.state(peer_v6), Nd::State::delay);
  EXPECT_THAT(out.frames, SizeIs(1));
  run(5s);
  EXPECT_EQ(under_test.state(peer_v6), Nd::State::probe);
  ASSERT_THAT(out.frames, SizeIs(2));
  EXPECT_EQ(out.frames[1].ip->dst, peer_v6);
  EXPECT_EQ(out.frames[1].eth->dst, peer_mac);
  run(2s);
  EXPECT_THAT(out.frames, SizeIs(4));
  run(1s);
  EXPECT_THAT(out.frames, SizeIs(4));
  EXPECT_FALSE(under_test.state(peer_v6));
}

TEST_F(NdTest, AnAnswerToAProbeConfirms) {
  learn();
  run(30s);
  send(1);
  run(5s);
  input(advertisement(peer_mac, true, true));
  EXPECT_EQ(under_test.state(peer_v6), Nd::State::reachable);
  EXPECT_FALSE(under_test.next_deadline());
}

// RFC 4861 7.3.1.
TEST_F(NdTest, ProgressOfAnUpperLayerConfirms) {
  input(solicitation());
  EXPECT_EQ(under_test.state(peer_v6), Nd::State::delay);
  under_test.confirm(peer_v6, now);
  EXPECT_EQ(under_test.state(peer_v6), Nd::State::reachable);
  EXPECT_FALSE(under_test.next_deadline());
  under_test.doubt(peer_v6);
  EXPECT_EQ(under_test.state(peer_v6), Nd::State::stale);
  under_test.confirm(*wire::parse_ip("2001:db8::77"), now);
  EXPECT_FALSE(under_test.state(*wire::parse_ip("2001:db8::77")));
}

// RFC 4861 7.2.5: only a flag that was set can go away.
TEST_F(NdTest, TheRouterFlagThatGoesAwayIsNoticed) {
  learn();
  FrameSpec news = advertisement(peer_mac, false, true);
  input(news);
  EXPECT_FALSE(no_router) << "it never was one";
  news.nd->router = true;
  input(news);
  EXPECT_FALSE(no_router);
  news.nd->router = false;
  news.nd->override_ = false;
  news.nd->target_lla = other_mac;
  input(news);
  EXPECT_FALSE(no_router) << "without override another address vouches for nothing";
  news.nd->target_lla = peer_mac;
  input(news);
  EXPECT_TRUE(no_router);
}

}  // namespace
}  // namespace tcproof::ip
