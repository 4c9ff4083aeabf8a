// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/router_discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/ip/ipv6.h"
#include "tests/stack/ip/frames.h"

namespace tcproof::ip {
namespace {

using test::our_v6;
using testing::SizeIs;
using wire::Family;
using wire::FrameSpec;
using wire::IpAddress;
using wire::MacAddress;

constexpr MacAddress router_mac{{2, 0, 0, 0, 0, 0xfe}};
constexpr MacAddress better_mac{{2, 0, 0, 0, 0, 0x77}};
const IpAddress router = *wire::parse_ip("fe80::fe");
const IpAddress better = *wire::parse_ip("fe80::77");
const IpAddress far = *wire::parse_ip("2001:db8:9::9");

class RouterDiscoveryTest : public testing::Test {
 protected:
  static Interface without_router() {
    Interface plain = test::interface_under_test();
    plain.v6_router.reset();
    return plain;
  }
  FrameSpec from_router() {
    FrameSpec frame;
    frame.ip = {.family = Family::v6, .ttl = std::uint8_t{255}, .src = router, .dst = our_v6};
    return frame;
  }
  FrameSpec advertisement(std::uint16_t lifetime) {
    FrameSpec frame = from_router();
    frame.nd = {.type = std::uint8_t{134}, .source_lla = router_mac};
    frame.nd->lifetime = lifetime;
    frame.nd->hop_limit = std::uint8_t{0};
    return frame;
  }
  FrameSpec redirect() {
    FrameSpec frame = from_router();
    frame.nd = {.type = std::uint8_t{137}, .target = better, .target_lla = better_mac};
    frame.nd->destination = far;
    return frame;
  }
  bool input(const FrameSpec& frame) {
    const wire::Buffer packet = wire::emit(frame);
    const Arrival arrival = receive_v6(packet, interface, false);
    EXPECT_EQ(arrival.dropped, "");
    const wire::NdView message = *wire::NdView::parse(arrival.packet.payload);
    EXPECT_EQ(reason_to_drop(arrival.packet, message), "");
    if (message.type() == wire::icmpv6_type::router_advertisement)
      return under_test.advertisement(arrival.packet, message, now);
    under_test.redirect(arrival.packet, message, now);
    return false;
  }

  Instant now{1h};
  Interface interface = without_router();
  test::Collector out;
  Nd nd{interface, out};
  Routes routes{interface};
  RouterDiscovery under_test{interface, routes, nd, out};
};

TEST_F(RouterDiscoveryTest, AnAdvertisementMakesARouterForItsLifetime) {
  EXPECT_FALSE(routes.next_hop(far));
  input(advertisement(1800));
  EXPECT_EQ(routes.next_hop(far), router);
  EXPECT_EQ(nd.state(router), Nd::State::stale);
  input(advertisement(0));
  EXPECT_FALSE(routes.next_hop(far));
}

TEST_F(RouterDiscoveryTest, ParametersAreAdoptedAndZeroLeavesThem) {
  FrameSpec frame = advertisement(1800);
  frame.nd->hop_limit = std::uint8_t{33};
  frame.nd->mtu = 1400U;
  EXPECT_TRUE(input(frame));
  EXPECT_EQ(interface.hop_limit, 33);
  EXPECT_EQ(interface.link_mtu(Family::v6), 1400U);
  EXPECT_EQ(interface.link_mtu(Family::v4), 1500U);
  EXPECT_FALSE(input(advertisement(1800)));
  EXPECT_EQ(interface.hop_limit, 33);
  for (const std::uint32_t wrong : {1279U, 1501U, 9000U}) {
    frame.nd->mtu = wrong;
    EXPECT_FALSE(input(frame));
    EXPECT_EQ(interface.link_mtu(Family::v6), 1400U);
  }
}

TEST_F(RouterDiscoveryTest, OnlyALinkLocalSourceIsARouter) {
  FrameSpec frame = advertisement(1800);
  frame.ip->src = *wire::parse_ip("2001:db8::fe");
  input(frame);
  EXPECT_FALSE(routes.next_hop(far));
}

TEST_F(RouterDiscoveryTest, AnOnLinkPrefixMakesNeighbours) {
  FrameSpec frame = advertisement(1800);
  frame.nd->prefix = wire::IpPrefix{*wire::parse_ip("2001:db8:9::"), 64};
  input(frame);
  EXPECT_EQ(routes.next_hop(far), far);
}

// RFC 4861 4.6.2: the bits after the prefix length are ignored, or careless advertisements would
// fill the list.
TEST_F(RouterDiscoveryTest, WhatFollowsThePrefixLengthDoesNotCount) {
  FrameSpec frame = advertisement(1800);
  for (std::uint8_t host = 1; host <= Routes::max_prefixes; ++host) {
    frame.nd->prefix = wire::IpPrefix{*wire::parse_ip("2001:db8:5:8::"), 61};
    frame.nd->prefix->address.octets[7] = static_cast<std::uint8_t>(0x08 | host % 8);
    frame.nd->prefix->address.octets[15] = host;
    input(frame);
  }
  const IpAddress near = *wire::parse_ip("2001:db8:5:f::1");
  EXPECT_EQ(routes.next_hop(near), near);
  frame.nd->prefix = wire::IpPrefix{*wire::parse_ip("2001:db8:9::"), 64};
  input(frame);
  EXPECT_EQ(routes.next_hop(far), far);
}

TEST_F(RouterDiscoveryTest, ARedirectOfTheFirstHopIsTaken) {
  input(advertisement(1800));
  input(redirect());
  EXPECT_EQ(routes.next_hop(far), better);
  EXPECT_EQ(nd.state(better), Nd::State::stale);
  EXPECT_EQ(routes.next_hop(*wire::parse_ip("2001:db8:9::8")), router);
}

TEST_F(RouterDiscoveryTest, RedirectsThatBreakARuleAreDropped) {
  input(advertisement(1800));
  std::vector<FrameSpec> wrong(4, redirect());
  wrong[0].ip->src = *wire::parse_ip("fe80::fd");
  wrong[1].ip->src = *wire::parse_ip("2001:db8::fe");
  wrong[2].nd->target = *wire::parse_ip("2001:db8::77");
  wrong[3].nd->destination = *wire::parse_ip("ff02::9");
  for (const FrameSpec& frame : wrong) {
    input(frame);
    EXPECT_EQ(routes.next_hop(far), router);
  }
}

TEST_F(RouterDiscoveryTest, ThreeSolicitationsUntilARouterAnswers) {
  under_test.start(now);
  for (int i = 0; i < 10; ++i) under_test.advance(now + i * 4s);
  EXPECT_THAT(out.frames, SizeIs(3));
  EXPECT_EQ(out.frames[0].ip->src, our_v6);
  EXPECT_EQ(out.frames[0].nd->source_lla, test::our_mac);
  EXPECT_FALSE(under_test.next_deadline());
}

TEST_F(RouterDiscoveryTest, AnAnswerEndsTheSolicitations) {
  under_test.start(now);
  under_test.advance(now);
  input(advertisement(0));
  EXPECT_TRUE(under_test.next_deadline()) << "that one is no default router";
  input(advertisement(1800));
  EXPECT_FALSE(under_test.next_deadline());
}

// RFC 4861 4.1: without an address of its own there is no source to give a link address to.
TEST_F(RouterDiscoveryTest, FromTheUnspecifiedAddressNoLinkAddressIsTold) {
  interface.v6_check = Interface::Check::duplicate;
  under_test.start(now);
  under_test.advance(now);
  ASSERT_THAT(out.frames, SizeIs(1));
  EXPECT_TRUE(out.frames[0].ip->src->is_unspecified());
  EXPECT_FALSE(out.frames[0].nd->source_lla);
}

}  // namespace
}  // namespace tcproof::ip
