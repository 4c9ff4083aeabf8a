// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/fence.h"

#include <gtest/gtest.h>

#include "stack/wire/frame.h"
#include "stack/wire/numbers.h"
#include "tests/harness/topology/netns_fixture.h"

namespace tcproof::harness {
namespace {

constexpr Instant start{1s};

wire::Buffer answer_to(const wire::Buffer& probe) {
  const auto request = wire::dissect(probe);
  wire::FrameSpec reply;
  reply.eth =
      wire::EthernetSpec{.dst = request.eth->src, .src = mac_of(2), .type = wire::ether_type::arp};
  reply.arp = wire::ArpSpec{.op = wire::arp_op::reply,
                            .sha = mac_of(2),
                            .tha = request.arp->sha,
                            .spa = request.arp->tpa,
                            .tpa = request.arp->spa};
  return wire::emit(reply);
}

TEST(Fence, ProbeTeachesNothing) {
  Fence fence(pair_network(), {0});
  const auto probe = wire::dissect(fence.start(start).octets);
  ASSERT_TRUE(probe.arp);
  EXPECT_TRUE(probe.arp->spa->is_unspecified());
  EXPECT_EQ(probe.arp->tpa, wire::parse_ip("192.0.2.2"));
}

TEST(Fence, OnlyTheLastProbesAnswerCloses) {
  Fence fence(pair_network(), {0});
  const auto first = fence.start(start);
  const auto second = fence.again(start + 20ms);
  EXPECT_EQ(fence.take(0, answer_to(first.octets)), Fence::Taken::yes);
  EXPECT_TRUE(fence.open());
  EXPECT_EQ(fence.take(0, answer_to(second.octets)), Fence::Taken::closed);
  EXPECT_FALSE(fence.open());
  // One that comes late is still nobody else's.
  EXPECT_EQ(fence.take(0, answer_to(second.octets)), Fence::Taken::yes);
}

TEST(Fence, LeavesOtherFramesAlone) {
  Fence fence(pair_network(), {0});
  fence.start(start);
  wire::FrameSpec probe;
  probe.eth = wire::EthernetSpec{.src = mac_of(1), .type = wire::ether_type::arp};
  probe.arp = wire::ArpSpec{.sha = mac_of(1), .tpa = wire::parse_ip("192.0.2.2")};
  EXPECT_EQ(fence.take(0, answer_to(wire::emit(probe))), Fence::Taken::no);
  EXPECT_EQ(fence.take(0, wire::Buffer(3)), Fence::Taken::no);
  EXPECT_TRUE(fence.open());
}

TEST(Fence, RoutedPathIsAskedThereAndBack) {
  Fence fence(router_network(), {0, 1});
  auto probe = fence.start(start);
  EXPECT_EQ(probe.link, 0);
  EXPECT_EQ(wire::dissect(probe.octets).arp->tpa, wire::parse_ip("192.0.2.254"));
  EXPECT_EQ(fence.take(0, answer_to(probe.octets)), Fence::Taken::onward);
  probe = fence.again(start);
  EXPECT_EQ(probe.link, 1);
  EXPECT_EQ(wire::dissect(probe.octets).arp->tpa, wire::parse_ip("198.51.100.2"));
  EXPECT_EQ(fence.take(1, answer_to(probe.octets)), Fence::Taken::onward);
  probe = fence.again(start);
  EXPECT_EQ(probe.link, 0);
  EXPECT_EQ(fence.take(0, answer_to(probe.octets)), Fence::Taken::closed);
}

TEST(Fence, RepeatsAndGivesUp) {
  Fence fence(pair_network(), {0});
  EXPECT_FALSE(fence.due());
  fence.start(start);
  ASSERT_TRUE(fence.due());
  EXPECT_EQ(*fence.due(), start + 20ms);
  fence.again(start + 20ms);
  EXPECT_EQ(*fence.due(), start + 220ms);
  EXPECT_FALSE(fence.hopeless(start + 2s));
  EXPECT_TRUE(fence.hopeless(start + 3s));
}

// Without an IPv4 address the solicitation of duplicate address detection does it; its answer goes
// to all nodes.
TEST(Fence, AsksByNeighbourSolicitationWithoutIpv4) {
  auto network = pair_network();
  network.links[0].ends[1].v4.reset();
  Fence fence(network, {0});
  const auto probe = wire::dissect(fence.start(start).octets);
  ASSERT_TRUE(probe.nd);
  EXPECT_TRUE(probe.ip->src->is_unspecified());
  wire::FrameSpec answer;
  answer.eth = wire::EthernetSpec{.src = mac_of(2), .type = wire::ether_type::ipv6};
  answer.ip = wire::IpSpec{.family = wire::Family::v6,
                           .ttl = 255,
                           .src = wire::parse_ip("2001:db8::2"),
                           .dst = wire::parse_ip("ff02::1")};
  answer.nd = wire::NdSpec{.type = wire::icmpv6_type::neighbor_advertisement,
                           .target = wire::parse_ip("2001:db8::2")};
  EXPECT_EQ(fence.take(0, wire::emit(answer)), Fence::Taken::closed);
}

}  // namespace
}  // namespace tcproof::harness
