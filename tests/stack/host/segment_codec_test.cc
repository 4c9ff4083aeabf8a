// SPDX-License-Identifier: Apache-2.0
#include "stack/host/segment_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tcproof::stack {
namespace {

using testing::ElementsAre;
using wire::Buffer;
using wire::Seq;
namespace flag = wire::flag;

Buffer written(const tcp::Segment& segment) {
  Buffer out(segment_size(segment), 0xa5);
  write_segment(segment, {1, 2}, out);
  return out;
}

Buffer options_of(const tcp::Segment& segment) {
  const Buffer out = written(segment);
  const auto options = wire::TcpView::parse(out)->options();
  return {options.begin(), options.end()};
}

TEST(SegmentCodec, WritesEveryOctetOfTheHeader) {
  const Buffer text{7, 8};
  const tcp::Segment segment{.seq = {0x01020304},
                             .ack = {0x05060708},
                             .flags = flag::psh | flag::ack,
                             .wnd = 0x1122,
                             .up = 0x3344,
                             .text = text};
  EXPECT_THAT(written(segment), ElementsAre(0, 1, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, 0x18, 0x11,
                                            0x22, 0, 0, 0x33, 0x44, 7, 8));
}

TEST(SegmentCodec, OptionsOfASynFillWholeWords) {
  EXPECT_THAT(options_of({.flags = flag::syn, .mss = std::uint16_t{1460}}),
              ElementsAre(2, 4, 0x05, 0xb4));
  EXPECT_THAT(options_of({.flags = flag::syn,
                          .mss = std::uint16_t{1460},
                          .window_scale = std::uint8_t{7},
                          .sack_permitted = true,
                          .timestamps = wire::TcpOptionView::Timestamps{1, 2}}),
              ElementsAre(2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7));
  EXPECT_THAT(options_of({.flags = flag::syn, .sack_permitted = true}), ElementsAre(1, 1, 4, 2));
}

// RFC 2018 3: three blocks at most beside timestamps.
TEST(SegmentCodec, SackBlocksFitIntoFortyOctets) {
  tcp::Segment segment{.flags = flag::ack, .timestamps = wire::TcpOptionView::Timestamps{}};
  segment.sack_count = 4;
  for (std::uint32_t i = 0; i < 4; ++i) segment.sack[i] = {Seq{i * 10}, Seq{i * 10 + 5}};
  const Buffer with_timestamps = written(segment);
  EXPECT_EQ(read_segment(*wire::TcpView::parse(with_timestamps)).sack_count, 3);
  segment.timestamps.reset();
  const Buffer without = written(segment);
  const tcp::Segment back = read_segment(*wire::TcpView::parse(without));
  EXPECT_EQ(back.sack_count, 4);
  EXPECT_EQ(back.sack[3], (wire::TcpOptionView::SackBlock{Seq{30}, Seq{35}}));
}

TEST(SegmentCodec, ReadsWhatItWrote) {
  const Buffer text{1, 2, 3};
  const tcp::Segment segment{.seq = {1},
                             .ack = {2},
                             .flags = flag::syn | flag::ack,
                             .wnd = 3,
                             .up = 4,
                             .text = text,
                             .mss = std::uint16_t{536},
                             .window_scale = std::uint8_t{2},
                             .sack_permitted = true,
                             .timestamps = wire::TcpOptionView::Timestamps{5, 6}};
  const Buffer octets = written(segment);
  const tcp::Segment back = read_segment(*wire::TcpView::parse(octets));
  EXPECT_EQ(back.seq, segment.seq);
  EXPECT_EQ(back.ack, segment.ack);
  EXPECT_EQ(back.flags, segment.flags);
  EXPECT_EQ(back.wnd, segment.wnd);
  EXPECT_EQ(back.up, segment.up);
  EXPECT_EQ(back.mss, segment.mss);
  EXPECT_EQ(back.window_scale, segment.window_scale);
  EXPECT_TRUE(back.sack_permitted);
  EXPECT_EQ(back.timestamps, segment.timestamps);
  EXPECT_THAT(back.text, ElementsAre(1, 2, 3));
}

// RFC 9293 3.1: MSS, window scale and SACK-permitted mean nothing outside a SYN.
TEST(SegmentCodec, OptionsOfASynCountInASynOnly) {
  Buffer octets = written({.flags = flag::syn,
                           .mss = std::uint16_t{536},
                           .window_scale = std::uint8_t{2},
                           .sack_permitted = true});
  octets[13] = 0x10;
  const tcp::Segment back = read_segment(*wire::TcpView::parse(octets));
  EXPECT_FALSE(back.mss);
  EXPECT_FALSE(back.window_scale);
  EXPECT_FALSE(back.sack_permitted);
}

TEST(SegmentCodec, AMalformedOptionEndsTheList) {
  Buffer octets = written({.flags = flag::syn, .mss = std::uint16_t{536}, .sack_permitted = true});
  octets[21] = 99;  // the length of the MSS option
  const tcp::Segment back = read_segment(*wire::TcpView::parse(octets));
  EXPECT_FALSE(back.mss);
  EXPECT_FALSE(back.sack_permitted);
}

}  // namespace
}  // namespace tcproof::stack
