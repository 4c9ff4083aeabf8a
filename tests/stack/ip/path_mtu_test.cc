// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/path_mtu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "stack/ip/rules.h"
#include "tests/stack/ip/frames.h"

namespace tcproof::ip {
namespace {

using test::peer_v4;
using test::peer_v6;
using testing::ElementsAre;
using wire::IpAddress;

constexpr std::uint32_t link = 1500;

class PathMtuTest : public testing::Test {
 protected:
  std::optional<std::uint32_t> judge(const IpAddress& dst, std::uint32_t mtu,
                                     std::size_t total = 1500, std::size_t header = 20) {
    return under_test.judge(dst, {mtu, total, header}, link, why);
  }
  bool learn(const IpAddress& dst, std::uint32_t mtu) {
    const auto judged = judge(dst, mtu);
    return judged && under_test.lower(dst, *judged, now);
  }

  Instant now{1h};
  std::string_view why;
  PathMtu under_test{10min};
};

TEST_F(PathMtuTest, BeginsWithTheLinkAndOnlyFalls) {
  EXPECT_EQ(under_test.get(peer_v6, link), 1500U);
  EXPECT_TRUE(learn(peer_v6, 1400));
  EXPECT_FALSE(learn(peer_v6, 1450));
  EXPECT_EQ(why, rule::path_mtu_never_rises);
  EXPECT_EQ(under_test.get(peer_v6, link), 1400U);
  EXPECT_EQ(under_test.get(peer_v4, link), 1500U) << "another destination";
  EXPECT_EQ(under_test.get(peer_v6, 1300), 1300U) << "the link is narrower";
}

TEST_F(PathMtuTest, Ipv6NeverFallsBelow1280) {
  EXPECT_FALSE(judge(peer_v6, 1279));
  EXPECT_EQ(why, rule::path_mtu_below_the_floor);
  EXPECT_EQ(judge(peer_v6, 1280), 1280U);
}

TEST_F(PathMtuTest, Ipv4StopsAtItsFloorAndThenLetsRoutersFragment) {
  EXPECT_FALSE(judge(peer_v4, 67));
  EXPECT_TRUE(learn(peer_v4, 576));
  EXPECT_TRUE(under_test.may_set_df(peer_v4));
  EXPECT_TRUE(learn(peer_v4, 68));
  EXPECT_EQ(under_test.get(peer_v4, link), PathMtu::floor_v4);
  EXPECT_FALSE(under_test.may_set_df(peer_v4));
}

// RFC 1191 5: the next plateau, below the true length.
TEST_F(PathMtuTest, WithoutNextHopMtuTheNextPlateauIsTaken) {
  EXPECT_EQ(judge(peer_v4, 0, 1500), 1006U) << "1500 may be 1480 and a header too many";
  EXPECT_EQ(judge(peer_v4, 0, 1498), 1492U) << "below the estimate it is believed";
  EXPECT_EQ(judge(peer_v4, 0, 1006), 552U);
}

TEST_F(PathMtuTest, AClaimAboveThePacketIsFalse) {
  EXPECT_FALSE(judge(peer_v6, 1400, 1400));
  EXPECT_EQ(why, rule::path_mtu_not_below_the_packet);
}

TEST_F(PathMtuTest, AgesTenMinutesAfterTheLastDecrease) {
  std::vector<IpAddress> aged;
  const auto note = [&](const IpAddress& dst) { aged.push_back(dst); };
  learn(peer_v6, 1400);
  now += 9min;
  learn(peer_v6, 1300);
  under_test.expire(now + 10min - 1ns, note);
  EXPECT_EQ(under_test.get(peer_v6, link), 1300U);
  ASSERT_EQ(under_test.next_deadline(), now + 10min);
  under_test.expire(now + 10min, note);
  EXPECT_THAT(aged, ElementsAre(peer_v6));
  EXPECT_EQ(under_test.get(peer_v6, link), 1500U);
  EXPECT_FALSE(under_test.next_deadline());
}

// RFC 1191 6.3: the ageing time can be infinite.
TEST_F(PathMtuTest, AgeingCanBeSwitchedOff) {
  PathMtu for_ever{std::nullopt};
  for_ever.lower(peer_v6, 1300, now);
  EXPECT_FALSE(for_ever.next_deadline());
}

TEST_F(PathMtuTest, ItsMemoryIsBounded) {
  for (std::uint8_t i = 0; i < 4; ++i)
    for (unsigned j = 0; j < 255; ++j)
      learn(IpAddress::v4(10, 0, i, static_cast<std::uint8_t>(j)), 1400);
  std::size_t known = 0;
  for (std::uint8_t i = 0; i < 4; ++i)
    for (unsigned j = 0; j < 255; ++j)
      known += under_test.get(IpAddress::v4(10, 0, i, static_cast<std::uint8_t>(j)), link) == 1400U;
  EXPECT_EQ(known, PathMtu::max_entries);
}

TEST_F(PathMtuTest, LoweringWhatIsKnownCostsNobodyElseHisPlace) {
  const auto destination = [](std::size_t i) {
    return IpAddress::v4(10, 0, static_cast<std::uint8_t>(i / 250),
                         static_cast<std::uint8_t>(i % 250));
  };
  for (std::size_t i = 0; i < PathMtu::max_entries; ++i) learn(destination(i), 1400);
  now += 1s;
  EXPECT_TRUE(learn(destination(7), 1300));
  for (std::size_t i = 0; i < PathMtu::max_entries; ++i)
    EXPECT_LE(under_test.get(destination(i), link), 1400U) << i;
}

RC_GTEST_FIXTURE_PROP(PathMtuTest, WhateverIsClaimedItStaysBetweenFloorAndLink, ()) {
  const auto claims =
      *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, 70000));
  const bool v4 = *rc::gen::arbitrary<bool>();
  const IpAddress dst = v4 ? peer_v4 : peer_v6;
  std::uint32_t last = link;
  for (const std::uint32_t claim : claims) {
    learn(dst, claim);
    const std::uint32_t mtu = under_test.get(dst, link);
    RC_ASSERT(mtu <= last);
    RC_ASSERT(mtu >= (v4 ? PathMtu::floor_v4 : PathMtu::floor_v6));
    last = mtu;
  }
}

}  // namespace
}  // namespace tcproof::ip
