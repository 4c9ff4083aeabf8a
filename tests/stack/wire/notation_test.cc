// SPDX-License-Identifier: Apache-2.0
#include "stack/wire/notation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "stack/wire/tcp_options.h"
#include "tests/stack/wire/any_octets.h"

namespace tcproof::wire {
namespace {

using testing::ElementsAre;

constexpr SegmentBase base{{0xfffffff0}, {5000}};

std::string reprinted(std::string_view line) {
  const auto frame = parse_segment(line, base);
  if (!frame) return frame.error().message;
  return print_segment(*frame, base).text;
}

struct Wrong {
  std::string_view line;
  std::size_t at, length;
  std::string_view message, cure;
};

void expect_error(const Wrong& wrong) {
  SCOPED_TRACE(wrong.line);
  const auto frame = parse_segment(wrong.line, base);
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().at, wrong.at);
  EXPECT_EQ(frame.error().length, wrong.length);
  EXPECT_EQ(frame.error().message, wrong.message);
  EXPECT_EQ(frame.error().cure, wrong.cure);
}

TEST(Notation, CanonicalLinesComeBackAsTheyWere) {
  for (const std::string_view line : {
           "S  0:0(0) win 65535",
           "S  0:0(0) win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>",
           "S. 0:0(0) ack 1 win 500 <mss 1460>",
           ".  1:1001(1000) ack 1 win 500 <nop,nop,TS val 100 ecr 4294967295>",
           "F. 1:1(0) ack 1 win 0",
           "FP. 1:3(2) ack 1 win 0 urg 2",
           "SFRPUEWe. 1:1(0) ack 1 win 1",
           "none 1:1(0) win 1",
           "R  1:1(0) win 0",
           "R  1:1(0) ack 1 win 0",
           ".  -1:0(1) ack -1 win 500",
           ".  1:1(0) ack 1 win 500 <nop,nop,sack 1001:2001 -3:4001>",
           "S  0:0(0) win 1 <FO>",
           "S  0:0(0) win 1 <FO 0102030405060708>",
           "S  0:0(0) win 1 <uto 5min>",
           "S  0:0(0) win 1 <uto 30s,nop>",
           "S  0:0(0) win 1 <kind 253 0102>",
           "S  0:0(0) win 1 <kind 253>",
           "S  0:0(0) win 1 <kind 2 05>",
           "S  0:0(0) win 1 <eol>",
           "S  0:0(0) win 1 <eol,raw 010203>",
           "S  0:0(0) win 1 <mss 1000,raw 02010000>",
           "S  0:0(0) win 1 <nop,nop,raw 0805>",
       }) {
    EXPECT_EQ(reprinted(line), line);
  }
}

TEST(Notation, ReadsWhatIsNotCanonical) {
  EXPECT_EQ(reprinted("S 0:_(0) win 0x10"), "S  0:0(0) win 16");
  EXPECT_EQ(reprinted("  .S  1:2(1)  ack 5  "), "S. 1:2(1) ack 5 win 0");
  EXPECT_EQ(reprinted(".S @4294967280:@4294967281(1) ack @5005"), "S. 0:1(1) ack 5 win 0");
  EXPECT_EQ(reprinted("S 0:0(0) < mss  1460 , nop >"), "S  0:0(0) win 0 <mss 1460,nop>");
  EXPECT_EQ(reprinted("S 0:0(0) <exact nop,nop>"), "S  0:0(0) win 0 <nop,nop>");
  EXPECT_EQ(reprinted("S 0:0(0) <>"), "S  0:0(0) win 0");
  // A length octet that lies takes in what follows it.
  EXPECT_EQ(reprinted("S 0:0(0) <kind 253 len 9 0102>"), "S  0:0(0) win 0 <raw fd090102>");
  EXPECT_EQ(reprinted("S 0:0(0) <kind 253 len 4 0102>"), "S  0:0(0) win 0 <kind 253 0102>");
  // Padding is not printed, what stands behind an end of list that is not padding is.
  EXPECT_EQ(reprinted("S 0:0(0) <sackOK,eol>"), "S  0:0(0) win 0 <sackOK>");
}

TEST(Notation, NumbersAreRelativeToTheBase) {
  const auto frame = parse_segment(".  16:18(2) ack 100 win 7 urg 9 <sack 1:2>", base);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->tcp->seq, Seq{0});  // 0xfffffff0 + 16 wraps
  EXPECT_EQ(frame->tcp->ack, Seq{5100});
  EXPECT_EQ(frame->tcp->window, 7);
  EXPECT_EQ(frame->tcp->urgent, 9);
  EXPECT_EQ(frame->payload, Buffer(2, 0));
  EXPECT_EQ(frame->tcp->options, (Buffer{5, 10, 0, 0, 0x13, 0x89, 0, 0, 0x13, 0x8a, 0, 0}));
}

// Without `ack` the sender of the line decides what the flag acknowledges.
TEST(Notation, AckStaysOpenWhereTheLineDoesNotSayIt) {
  EXPECT_EQ(parse_segment(".  1:1(0)", base)->tcp->ack, std::nullopt);
  EXPECT_EQ(parse_segment(".  1:1(0)", base)->tcp->window, std::nullopt);
  EXPECT_EQ(parse_segment("R  1:1(0)", base)->tcp->ack, Seq{0});
}

TEST(Notation, BaseZeroMeansAbsoluteNumbers) {
  FrameSpec frame;
  frame.tcp = TcpSpec{.seq = Seq{0xffffffff}, .ack = Seq{7}, .flags = flag::ack};
  frame.payload = Buffer(1, 0);
  EXPECT_EQ(print_segment(frame, {}).text, ".  4294967295:0(1) ack 7 win 0");
}

// A segment printed and read again is the same segment, options octet for octet.
RC_GTEST_PROP(Notation, WhatIsPrintedReadsBack, ()) {
  const auto areas = *rc::gen::container<std::vector<Buffer>>(20, test::any_tcp_options());
  for (const Buffer& area : areas) {
    FrameSpec frame;
    frame.tcp = TcpSpec{.seq = Seq{*rc::gen::arbitrary<std::uint32_t>()},
                        .ack = Seq{*rc::gen::arbitrary<std::uint32_t>()},
                        .flags = TcpFlags(*rc::gen::inRange<std::uint16_t>(0, 0x200)),
                        .window = *rc::gen::arbitrary<std::uint16_t>(),
                        .urgent = *rc::gen::arbitrary<std::uint16_t>(),
                        .options = area};
    frame.payload.assign(*rc::gen::inRange<std::size_t>(0, 3000), 0);
    const SegmentBase from{{*rc::gen::arbitrary<std::uint32_t>()},
                           {*rc::gen::arbitrary<std::uint32_t>()}};
    const std::string line = print_segment(frame, from).text;
    RC_LOG() << line << "\n";
    const auto again = parse_segment(line, from);
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == frame);
    RC_ASSERT(print_segment(*again, from).text == line);
  }
}

TEST(Notation, PrintedPartsAreWhereTheSpansSay) {
  const auto frame = parse_segment("F. 1:3(2) ack 10 win 20 urg 30 <mss 40>", base);
  ASSERT_TRUE(frame);
  const PrintedSegment line = print_segment(*frame, base);
  std::vector<std::string> parts;
  for (const auto& span : line.spans) parts.push_back(line.text.substr(span.at, span.length));
  EXPECT_THAT(parts, ElementsAre("F.", "1", "3", "2", "10", "20", "30", "<mss 40>"));
  for (std::size_t i = 0; i < line.spans.size(); ++i)
    EXPECT_EQ(line.spans[i].part, static_cast<SegmentPart>(i));
}

TEST(Notation, SplitLeavesValuesAlone) {
  const auto text =
      split_segment("F.P? $a+1:_(<=3) ack >=@5 win 0..9 <exact nop, TS val _ ecr $x.val,...>");
  ASSERT_TRUE(text);
  EXPECT_EQ(text->flags.text, "F.P?");
  EXPECT_EQ(text->first.text, "$a+1");
  EXPECT_EQ(text->first.at, 5u);
  EXPECT_EQ(text->end.text, "_");
  EXPECT_EQ(text->count.text, "<=3");
  EXPECT_EQ(text->ack->text, ">=@5");
  EXPECT_EQ(text->win->text, "0..9");
  EXPECT_FALSE(text->urg);
  EXPECT_TRUE(text->has_options);
  EXPECT_TRUE(text->exact);
  ASSERT_EQ(text->options.size(), 3u);
  EXPECT_EQ(text->options[1].size(), 5u);
  EXPECT_EQ(text->options[1][4].text, "$x.val");
  EXPECT_EQ(text->options[1][4].at, 60u);
  EXPECT_EQ(text->options[2][0].text, "...");
}

TEST(Notation, SplitTellsNoOptionsFromUnsetOptions) {
  EXPECT_FALSE(split_segment("S 0:0(0)")->has_options);
  EXPECT_TRUE(split_segment("S 0:0(0) < >")->has_options);
  EXPECT_TRUE(split_segment("S 0:0(0) < >")->options.empty());
  EXPECT_TRUE(split_segment("S 0:0(0) <exact>")->exact);
}

TEST(Notation, FlagErrorsPointAtTheLetter) {
  constexpr std::string_view cure = "flags are S F R P U E W e and . for ACK";
  expect_error({"SX 0:0(0) win 65535", 1, 1, "unknown flag 'X'", cure});
  expect_error({"S? 0:0(0)", 1, 1, "unknown flag '?'", cure});
  expect_error({"_ 0:0(0)", 0, 1, "unknown flag '_'", cure});
  expect_error({"S\u00e9 0:0(0)", 1, 2, "unknown flag '\u00e9'", cure});
  expect_error({"S.S 0:0(0)", 2, 1, "flag 'S' is there twice", ""});
}

TEST(Notation, RangeErrors) {
  constexpr std::string_view cure = "write FIRST:END(COUNT), as in 1:1001(1000)";
  expect_error(
      {"", 0, 1, "an empty segment line", "write flags and octets, as in 'S  0:0(0) win 65535'"});
  expect_error({".", 1, 1, "the octets are missing", cure});
  expect_error({". ack 1", 2, 3, "'ack' is no range of octets", cure});
  expect_error({". 1:(1)", 2, 5, "'1:(1)' is no range of octets", cure});
  expect_error({". 1:2(1", 2, 5, "'1:2(1' is no range of octets", cure});
  expect_error({". 1:2()", 2, 5, "'1:2()' is no range of octets", cure});
  expect_error({". 1:2:3(1)", 2, 8, "'1:2:3(1)' is no range of octets", cure});
  expect_error({".  1:1001(100) ack 1", 3, 11, "1 + 100 is 101, not 1001", ""});
  expect_error({".  1:70001(70000)", 11, 5, "70000 does not fit", "at most 65535 fits here"});
  expect_error({".  _:1(0)", 3, 1, "'_' is no number", ""});
  expect_error({".  01:1(0)", 3, 2, "'01' is no number", ""});
  expect_error(
      {".  4294967296:_(0)", 3, 10, "4294967296 does not fit", "at most 4294967295 fits here"});
}

TEST(Notation, KeywordErrors) {
  constexpr std::string_view order =
      "after the octets come 'ack', 'win', 'urg' and <options>, in this order";
  expect_error({". 1:1(0) foo 1", 9, 3, "unknown word 'foo'", order});
  expect_error({". 1:1(0) win 1 ack 1", 15, 3, "'ack' comes too late", order});
  expect_error({". 1:1(0) ack 1 ack 1", 15, 3, "'ack' is there twice", order});
  expect_error({". 1:1(0) ack", 9, 3, "'ack' has no value", "write 'ack VALUE'"});
  expect_error({". 1:1(0) win <nop>", 9, 3, "'win' has no value", "write 'win VALUE'"});
  expect_error({". 1:1(0) win 65536", 13, 5, "65536 does not fit", "at most 65535 fits here"});
  expect_error({". 1:1(0) <nop> win 5", 15, 5, "'win 5' after the options", order});
}

TEST(Notation, OptionErrors) {
  constexpr std::string_view known =
      "options are nop eol mss wscale sackOK TS sack FO uto kind raw";
  expect_error({"S. 0:0(0) ack 1 <mss 1460,sackok>", 26, 6, "unknown option 'sackok'",
                "did you mean 'sackOK'?"});
  expect_error({"S 0:0(0) <...>", 10, 3, "unknown option '...'", known});
  expect_error(
      {"S 0:0(0) <nop", 9, 1, "'<' without '>'", "options end with '>', the line with them"});
  expect_error({"S 0:0(0) <nop,,nop>", 14, 1, "an option is missing",
                "options are separated by single commas"});
  expect_error(
      {"S 0:0(0) <nop,>", 14, 1, "an option is missing", "options are separated by single commas"});
  expect_error({"S 0:0(0) <mss>", 10, 3, "'mss' has another form", "write 'mss 1460'"});
  expect_error({"S 0:0(0) <TS val 1>", 10, 8, "'TS' has another form", "write 'TS val 1 ecr 0'"});
  expect_error({"S 0:0(0) <nop 1>", 10, 5, "'nop' has another form", "write 'nop'"});
  expect_error({"S 0:0(0) <mss 70000>", 14, 5, "70000 does not fit", "at most 65535 fits here"});
  expect_error(
      {"S 0:0(0) <raw 012>", 14, 3, "'012' is not hexadecimal", "two digits an octet, as in 0a1b"});
  expect_error({"S 0:0(0) <sack 5>", 10, 6, "'sack' has another form", "write 'sack 1001:2001'"});
  expect_error({"S 0:0(0) <TS val 1 ecr 1,TS val 1 ecr 1,TS val 1 ecr 1,TS val 1 ecr 1,nop>", 70, 3,
                "41 octets of options", "a header holds at most 40"});
}

TEST(Notation, FlagLetters) {
  EXPECT_EQ(flag_of('S'), flag::syn);
  EXPECT_EQ(flag_of('e'), flag::ae);
  EXPECT_TRUE(flag_of('s').none());
  EXPECT_EQ(print(flag::syn | flag::ack), "S.");
  EXPECT_EQ(print(flag::ack), ". ");
}

}  // namespace
}  // namespace tcproof::wire
