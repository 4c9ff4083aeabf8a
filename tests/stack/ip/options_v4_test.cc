// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/options_v4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/stack/ip/frames.h"

namespace tcproof::ip {
namespace {

using test::our_v4;
using test::peer_v4;
using testing::ElementsAre;
using testing::IsEmpty;
using wire::Buffer;
using wire::IpAddress;

const IpAddress gateway = IpAddress::v4(198, 51, 100, 254);

Buffer octets(const OptionsV4& options) {
  return {options.bytes().begin(), options.bytes().end()};
}

TEST(OptionsV4, AnOptionThatDoesNotFitIsAFault) {
  for (const Buffer& bad : {Buffer{7, 0, 0, 0}, Buffer{7, 1, 0, 0}, Buffer{1, 1, 7, 3},
                            Buffer{1, 1, 1, 7}, Buffer{7, 5, 4, 0}}) {
    const auto fault = check_options(bad);
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->answer.type, 12);
  }
  EXPECT_FALSE(check_options(Buffer{0, 7, 0, 0})) << "nothing counts behind the end of the list";
}

TEST(OptionsV4, ASourceRouteThatGoesOnIsRefused) {
  const auto fault = check_options(Buffer{131, 7, 4, 192, 0, 2, 77, 0});
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->answer.type, 3);
  EXPECT_EQ(fault->answer.code, 5);
  EXPECT_FALSE(check_options(Buffer{131, 7, 8, 192, 0, 2, 77, 0}));
}

// RFC 1122 3.2.1.8 (c): S, by way of G1 and G2, came here; back it goes by G2 and G1 to S.
TEST(OptionsV4, ARouteIsTurnedRound) {
  const auto back =
      return_route(Buffer{1, 131, 11, 12, 10, 0, 0, 1, 198, 51, 100, 254, 0, 0, 0, 0}, peer_v4);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->first_hop, gateway);
  EXPECT_THAT(octets(*back), ElementsAre(131, 11, 4, 10, 0, 0, 1, 192, 0, 2, 1, 0));
}

TEST(OptionsV4, TheSourceIsNotNamedTwice) {
  const auto back = return_route(Buffer{137, 11, 12, 192, 0, 2, 1, 198, 51, 100, 254, 0}, peer_v4);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->first_hop, gateway);
  EXPECT_THAT(octets(*back), ElementsAre(137, 7, 4, 192, 0, 2, 1, 0));
  EXPECT_FALSE(return_route(Buffer{131, 7, 8, 192, 0, 2, 1, 0}, peer_v4)) << "came straight";
  EXPECT_FALSE(return_route(Buffer{131, 3, 4, 0}, peer_v4)) << "an empty route";
}

TEST(OptionsV4, ASourceRouteNamesTheEndLast) {
  const IpAddress hops[] = {gateway, IpAddress::v4(10, 0, 0, 1)};
  const auto route = source_route(hops, peer_v4);
  ASSERT_TRUE(route);
  EXPECT_EQ(route->first_hop, gateway);
  EXPECT_THAT(octets(*route), ElementsAre(131, 11, 4, 10, 0, 0, 1, 192, 0, 2, 1, 0));
  EXPECT_FALSE(source_route({}, peer_v4));
  EXPECT_FALSE(source_route(std::vector<IpAddress>(10, gateway), peer_v4));
}

TEST(OptionsV4, RecordRouteAndTimestampGetOurEntry) {
  const Buffer asked{7, 7, 4, 0, 0, 0, 0, 68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  const OptionsV4 reply = reply_options(asked, peer_v4, our_v4, Instant{258ms});
  EXPECT_THAT(octets(reply), ElementsAre(7, 7, 8, 192, 0, 2, 2,  //
                                         68, 12, 13, 1, 192, 0, 2, 2, 0x80, 0, 1, 2, 0));
}

TEST(OptionsV4, WithoutRoomNothingIsWritten) {
  const OptionsV4 route = reply_options(Buffer{7, 7, 8, 9, 9, 9, 9, 0}, peer_v4, our_v4, {});
  EXPECT_THAT(octets(route), ElementsAre(7, 7, 8, 9, 9, 9, 9, 0));
  const OptionsV4 stamp = reply_options(Buffer{68, 8, 9, 0, 1, 1, 1, 1}, peer_v4, our_v4, {});
  EXPECT_THAT(octets(stamp), ElementsAre(68, 8, 9, 16, 1, 1, 1, 1)) << "one more overflowed";
}

TEST(OptionsV4, OnlyCopiedOptionsGoIntoLaterFragments) {
  const Buffer both{7, 7, 4, 0, 0, 0, 0, 131, 7, 4, 10, 0, 0, 1, 0, 0};
  EXPECT_THAT(octets(copied_options(both)), ElementsAre(131, 7, 4, 10, 0, 0, 1, 0));
  EXPECT_THAT(octets(copied_options(Buffer{})), IsEmpty());
}

RC_GTEST_PROP(OptionsV4, AnyOctetsMakeWholeWordsAndPassTheCheckAgain, (Buffer any)) {
  any.resize(std::min<std::size_t>(any.size(), 40) / 4 * 4);
  if (check_options(any)) return;
  const OptionsV4 reply = reply_options(any, peer_v4, our_v4, {});
  RC_ASSERT(reply.size % 4 == 0U);
  RC_ASSERT(reply.size <= 40U);
  // A route that begins here goes on from here: that is no fault of its form.
  const auto fault = check_options(reply.bytes());
  RC_ASSERT(!fault || fault->answer.type == 3);
}

}  // namespace
}  // namespace tcproof::ip
