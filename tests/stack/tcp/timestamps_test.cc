// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/timestamps.h"

#include <gtest/gtest.h>

// RFC 7323 3 to 5, the arithmetic.

namespace tcproof::tcp {
namespace {

using wire::Seq;

Timestamps agreed(std::uint32_t recent, Instant now = Instant{}) {
  Timestamps t;
  t.agree(recent, Seq{1000}, now);
  return t;
}

TEST(Timestamps, ClockTicksEachMillisecondFromItsOffset) {
  Timestamps t;
  t.set_offset(0xfffffffe);
  EXPECT_EQ(t.clock(Instant{999us}), 0xfffffffeU);
  EXPECT_EQ(t.clock(Instant{1ms}), 0xffffffffU);
  EXPECT_EQ(t.clock(Instant{2ms}), 0U);
}

TEST(Timestamps, OlderIsOldModulo2To32) {
  const Timestamps t = agreed(5);
  EXPECT_TRUE(t.is_old(4, Instant{}));
  EXPECT_TRUE(t.is_old(0xffffffff, Instant{}));
  EXPECT_TRUE(t.is_old(0x80000006, Instant{}));
  EXPECT_FALSE(t.is_old(5, Instant{}));
  EXPECT_FALSE(t.is_old(0x80000004, Instant{}));
}

TEST(Timestamps, NothingIsOldAfter24Days) {
  const Timestamps t = agreed(5);
  const Instant day_24 = Instant{std::chrono::hours{24 * 24}};
  EXPECT_TRUE(t.is_old(4, day_24));
  EXPECT_FALSE(t.is_old(4, day_24 + 1ns));
}

TEST(Timestamps, AnOutdatedValueIsReplacedByWhateverComes) {
  Timestamps t = agreed(5);
  t.arrived(1, Seq{1000}, Instant{std::chrono::hours{25 * 24}});
  EXPECT_EQ(t.recent(), 1U);
}

TEST(Timestamps, OnlyWhatBeginsAtTheLastAckIsNoted) {
  Timestamps t = agreed(5);
  t.arrived(9, Seq{1001}, Instant{});  // a delayed ACK echoes the first of its segments
  EXPECT_EQ(t.recent(), 5U);
  t.arrived(7, Seq{1000}, Instant{});
  EXPECT_EQ(t.recent(), 7U);
  t.arrived(6, Seq{900}, Instant{});
  EXPECT_EQ(t.recent(), 7U);
  t.acknowledged(Seq{1001});
  t.arrived(9, Seq{1001}, Instant{});
  EXPECT_EQ(t.recent(), 9U);
}

TEST(Timestamps, RoundTripsAcrossTheWrap) {
  Timestamps t;
  t.set_offset(0xfffffff0);
  EXPECT_EQ(t.round_trip(0xfffffff0, Instant{30ms}), 30ms);
  EXPECT_EQ(t.round_trip(14, Instant{30ms}), 0ms);
  EXPECT_FALSE(t.round_trip(15, Instant{30ms}));  // never sent
}

TEST(Timestamps, ForgettingKeepsTheClock) {
  Timestamps t;
  t.set_offset(77);
  t.agree(5, Seq{1}, Instant{});
  t.forget();
  EXPECT_FALSE(t.agreed());
  EXPECT_EQ(t.clock(Instant{}), 77U);
}

}  // namespace
}  // namespace tcproof::tcp
