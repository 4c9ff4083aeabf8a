// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/routes.h"

#include <gtest/gtest.h>

#include "tests/stack/ip/frames.h"

namespace tcproof::ip {
namespace {

using test::peer_v4;
using test::peer_v6;
using wire::IpAddress;

const IpAddress far_v4 = IpAddress::v4(203, 0, 113, 9);
const IpAddress far_v6 = *wire::parse_ip("2001:db8:9::9");
const IpAddress first_v4 = IpAddress::v4(192, 0, 2, 254);
const IpAddress second_v4 = IpAddress::v4(192, 0, 2, 253);
const IpAddress learnt = *wire::parse_ip("fe80::fe");
const IpAddress other = *wire::parse_ip("fe80::fd");

class RoutesTest : public testing::Test {
 protected:
  RoutesTest() { interface.other_routers = {second_v4}; }
  static Interface without_routers() {
    Interface plain = test::interface_under_test();
    plain.v4_router.reset();
    plain.v6_router.reset();
    return plain;
  }
  Instant now{1h};
  Interface interface = test::interface_under_test();
};

TEST_F(RoutesTest, TheMaskDecidesAndTheFirstRouterServes) {
  const Routes routes(interface);
  EXPECT_EQ(routes.next_hop(peer_v4), peer_v4);
  EXPECT_EQ(routes.next_hop(far_v4), first_v4);
  EXPECT_EQ(routes.next_hop(wire::ipv4_broadcast), wire::ipv4_broadcast);
}

TEST_F(RoutesTest, WithoutARouterTheLinkStillWorks) {
  const Interface plain = without_routers();
  const Routes routes(plain);
  EXPECT_EQ(routes.next_hop(peer_v6), peer_v6);
  EXPECT_FALSE(routes.next_hop(far_v6));
}

// RFC 1122 3.3.1.5.
TEST_F(RoutesTest, ASilentRouterGivesWayToTheNext) {
  Routes routes(interface);
  EXPECT_TRUE(routes.failed(first_v4));
  EXPECT_EQ(routes.next_hop(far_v4), second_v4);
  EXPECT_TRUE(routes.failed(second_v4));
  EXPECT_EQ(routes.next_hop(far_v4), first_v4) << "all are silent: in turn";
  routes.answered(second_v4);
  EXPECT_EQ(routes.next_hop(far_v4), second_v4);
  EXPECT_FALSE(routes.failed(peer_v4)) << "a host on the link is no router";
}

TEST_F(RoutesTest, ARedirectMovesOneDestinationUntilItsGatewayFails) {
  Routes routes(interface);
  const IpAddress better = IpAddress::v4(192, 0, 2, 77);
  routes.redirect(far_v4, better);
  EXPECT_EQ(routes.next_hop(far_v4), better);
  EXPECT_EQ(routes.next_hop(IpAddress::v4(203, 0, 113, 8)), first_v4);
  routes.failed(better);
  EXPECT_EQ(routes.next_hop(far_v4), first_v4);
}

TEST_F(RoutesTest, RedirectsAreBounded) {
  Routes routes(interface);
  const IpAddress better = IpAddress::v4(192, 0, 2, 77);
  for (unsigned i = 0; i < 600; ++i)
    routes.redirect(IpAddress::v4(10, 0, static_cast<std::uint8_t>(i / 256),
                                  static_cast<std::uint8_t>(i % 256)),
                    better);
  unsigned moved = 0;
  for (unsigned i = 0; i < 600; ++i)
    moved += routes.next_hop(IpAddress::v4(10, 0, static_cast<std::uint8_t>(i / 256),
                                           static_cast<std::uint8_t>(i % 256))) == better;
  EXPECT_EQ(moved, Routes::max_redirects);
}

TEST_F(RoutesTest, AdvertisedRoutersAndPrefixesEndWithTheirTime) {
  const Interface plain = without_routers();
  Routes routes(plain);
  routes.advertised(learnt, 30min, now);
  routes.advertised(other, 10min, now);
  routes.on_link({*wire::parse_ip("2001:db8:5::"), 64}, 5min, now);
  const IpAddress near = *wire::parse_ip("2001:db8:5::1");
  EXPECT_EQ(routes.next_hop(near), near);
  EXPECT_EQ(routes.next_hop(far_v6), learnt);
  unsigned over = 0;
  const auto count = [&](std::string_view) { ++over; };
  EXPECT_EQ(routes.next_deadline(), now + 5min);
  routes.expire(now + 5min, count);
  EXPECT_EQ(routes.next_hop(near), learnt);
  routes.advertised(learnt, 0s, now);
  EXPECT_EQ(routes.next_hop(far_v6), other);
  routes.expire(now + 10min, count);
  EXPECT_FALSE(routes.next_hop(far_v6));
  EXPECT_EQ(over, 2U);
  EXPECT_FALSE(routes.next_deadline());
}

// RFC 4861 6.3.4: an advertisement cannot end what was configured, but says when it is no router.
TEST_F(RoutesTest, AConfiguredRouterStaysUntilItIsNoRouter) {
  Routes routes(interface);
  const IpAddress configured = *interface.v6_router;
  routes.advertised(configured, 10min, now);
  EXPECT_FALSE(routes.next_deadline());
  EXPECT_EQ(routes.next_hop(far_v6), configured);
  routes.no_router(configured);
  EXPECT_FALSE(routes.next_hop(far_v6));
}

}  // namespace
}  // namespace tcproof::ip
