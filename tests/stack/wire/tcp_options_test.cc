// SPDX-License-Identifier: Apache-2.0
#include "stack/wire/tcp_options.h"

#include <gtest/gtest.h>

#include <array>

namespace tcproof::wire {
namespace {

constexpr std::array<std::uint8_t, 24> syn_options{2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1,
                                                   0, 0, 0, 0,    1, 3, 3, 7,  0, 9, 9, 9};
constexpr std::size_t count(Bytes area) {
  std::size_t n = 0;
  for (const TcpOptionView& option : TcpOptions(area)) n += option.raw.empty() ? 0 : 1;
  return n;
}
static_assert(count(syn_options) == 6);  // nothing is read behind the end of the list
static_assert(TcpOptions(syn_options).begin()->mss() == 1460);
static_assert(count({}) == 0);

std::vector<TcpOptionView> all(const Buffer& area) {
  std::vector<TcpOptionView> out;
  for (const TcpOptionView& option : TcpOptions(area)) out.push_back(option);
  return out;
}

TEST(TcpOptions, WhatIsAppendedIsRead) {
  Buffer area;
  append_mss(area, 1460);
  append_nop(area);
  append_window_scale(area, 7);
  append_sack_permitted(area);
  append_timestamps(area, 0x01020304, 0x05060708);
  const std::array<TcpOptionView::SackBlock, 2> blocks{{{{1}, {2}}, {{3}, {0xffffffff}}}};
  append_sack(area, blocks);
  append_user_timeout(area, {true, 5});
  append_option(area, 253, {}, std::array<std::uint8_t, 2>{0xaa, 0xbb});
  append_end(area);
  const auto options = all(area);
  ASSERT_EQ(options.size(), 9u);
  EXPECT_EQ(options[0].mss(), 1460);
  EXPECT_EQ(options[0].length, 4);
  EXPECT_EQ(options[1].kind, TcpOptionKind::nop);
  EXPECT_EQ(options[1].length, 1);
  EXPECT_EQ(options[2].window_scale(), 7);
  EXPECT_TRUE(options[3].is_sack_permitted());
  EXPECT_EQ(options[4].timestamps(), (TcpOptionView::Timestamps{0x01020304, 0x05060708}));
  ASSERT_EQ(options[5].sack_count(), 2u);
  EXPECT_EQ(options[5].sack_block(0), blocks[0]);
  EXPECT_EQ(options[5].sack_block(1), blocks[1]);
  EXPECT_EQ(options[6].user_timeout(), (TcpOptionView::UserTimeout{true, 5}));
  EXPECT_EQ(options[7].body.size(), 2u);
  EXPECT_EQ(options[7].raw.size(), 4u);
  EXPECT_EQ(options[8].kind, TcpOptionKind::end);
}

// An option of the right kind and a wrong length has no value (RFC 9293 MUST-7: it is skipped).
TEST(TcpOptions, AWrongLengthHasNoValue) {
  for (const std::uint8_t kind : std::initializer_list<std::uint8_t>{2, 3, 4, 5, 8, 28}) {
    const Buffer area{kind, 9, 0, 0, 0, 0, 0, 0, 0};
    const TcpOptionView option = all(area).front();
    EXPECT_FALSE(option.malformed);
    EXPECT_FALSE(option.mss() || option.window_scale() || option.is_sack_permitted() ||
                 option.timestamps() || option.sack_count() != 0 || option.user_timeout());
  }
}

TEST(TcpOptions, AMalformedOptionEndsTheList) {
  for (const Buffer& area : {Buffer{1, 2, 0, 1, 1}, Buffer{1, 2, 1, 1, 1}, Buffer{1, 2, 5, 1, 1},
                             Buffer{1, 253, 255}, Buffer{1, 8}}) {
    const auto options = all(area);
    ASSERT_EQ(options.size(), 2u);
    EXPECT_TRUE(options[1].malformed);
    EXPECT_EQ(options[1].raw.size(), area.size() - 1);
    EXPECT_FALSE(options[1].mss());
  }
}

TEST(TcpOptions, LengthMayLieAndPaddingIsZero) {
  Buffer area;
  append_option(area, 253, std::uint8_t{9}, std::array<std::uint8_t, 1>{7});
  EXPECT_EQ(area, (Buffer{253, 9, 7}));
  pad_options(area);
  EXPECT_EQ(area, (Buffer{253, 9, 7, 0}));
  pad_options(area);
  EXPECT_EQ(area.size(), 4u);
}

}  // namespace
}  // namespace tcproof::wire
