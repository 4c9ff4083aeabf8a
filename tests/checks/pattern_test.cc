// SPDX-License-Identifier: Apache-2.0
#include "checks/pattern.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tcproof::checks {
namespace {

TEST(SegmentPattern, PrintsCanonically) {
  struct Pair {
    const char *read, *printed;
  };
  const Pair all[] = {
      {"S 0:0(0)", "S  0:0(0)"},
      {". 1:101(100) ack 1", ".  1:101(100) ack 1"},
      {".SF _:_(_)", "SF. _:_(_)"},
      {"R.? SND.NXT:_(0)", "R.? SND.NXT:_(0)"},
      {"none 0:0(0)", "none 0:0(0)"},
      {"_ _:_(_) ack >=5 win 0..10 urg 3", "_  _:_(_) ack >=5 win 0..10 urg 3"},
      {"S. 0:0(0) ack 1 < mss 1460 , nop, ... >", "S. 0:0(0) ack 1 <mss 1460,nop,...>"},
      {"S. 0:0(0) ack 1 <>", "S. 0:0(0) ack 1 <>"},
      {"S. 0:0(0) <exact nop,TS val $ts ecr _>", "S. 0:0(0) <exact nop,TS val $ts ecr _>"},
      {". 1:1(0) ack 1 <sack 11:21 _:41>", ".  1:1(0) ack 1 <sack 11:21 _:41>"},
      {"S 0:0(0) <FO _,FO 0102,uto 5min,kind 253 len 9 0102,raw ff>",
       "S  0:0(0) <FO _,FO 0102,uto 5min,kind 253 len 9 0102,raw ff>"},
  };
  for (const Pair& pair : all) {
    const auto parsed = parse_segment_pattern(pair.read, false);
    ASSERT_TRUE(parsed) << pair.read << ": " << parsed.error().message;
    EXPECT_EQ(print(*parsed), pair.printed);
  }
}

struct Wrong {
  const char* line;
  bool sent;
  std::size_t at, length;
  const char *message, *cure;
};

class PatternErrors : public testing::TestWithParam<Wrong> {};

TEST_P(PatternErrors, HaveMessageAndPlace) {
  const Wrong& wrong = GetParam();
  const auto parsed = parse_segment_pattern(wrong.line, wrong.sent);
  ASSERT_FALSE(parsed) << wrong.line;
  EXPECT_EQ(parsed.error().message, wrong.message);
  EXPECT_EQ(parsed.error().cure, wrong.cure);
  EXPECT_EQ(parsed.error().at, wrong.at);
  EXPECT_EQ(parsed.error().length, wrong.length);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, PatternErrors,
    testing::Values(
        Wrong{"SX 0:0(0) win 65535", true, 1, 1, "unknown flag 'X'",
              "flags are S F R P U E W e and . for ACK"},
        Wrong{".  1:1001(100) ack 1", false, 3, 11, "1 + 100 is 101, not 1001", ""},
        Wrong{".  1:1(0) ack SND.NXT+RCV.NXT", true, 22, 7,
              "RCV.NXT counts the tester's octets, but 'ack' here counts the target's",
              "the target's octets are SND.UNA, SND.NXT and SEG.ACK"},
        Wrong{".  SND.NXT:_(0) ack 1", true, 3, 7,
              "SND.NXT counts the target's octets, but the range here counts the tester's",
              "the tester's octets are RCV.NXT, IRS and SEG.SEQ"},
        Wrong{".  RCV.NXT:_(0) ack 1", false, 3, 7,
              "RCV.NXT counts the tester's octets, but the range here counts the target's",
              "the target's octets are SND.UNA, SND.NXT and SEG.ACK"},
        Wrong{"S. 0:0(0) ack 1 <mss 1460,sackok>", false, 26, 6, "unknown option 'sackok'",
              "did you mean 'sackOK'?"},
        Wrong{"SS 0:0(0)", false, 1, 1, "flag 'S' stands twice", ""},
        Wrong{"_  0:0(0)", true, 0, 1, "what is sent has exact flags", "write none, or the flags"},
        Wrong{"S? 0:0(0)", true, 0, 2, "what is sent has exact flags", "leave '?' out, or 'S'"},
        Wrong{"S  0:0(0) <mss 1460,...>", true, 20, 3, "'...' is for what is expected",
              "write the options that are sent"},
        Wrong{"S. 0:0(0) <exact mss 1460,...>", false, 26, 3, "'...' does not go with 'exact'", ""},
        Wrong{".  1:_(_)", true, 7, 1, "the number of octets must be written when it is sent", ""},
        Wrong{".  1:1(0) ack >=1", true, 14, 3,
              "'>=1' is for what is expected: what is sent is one number", ""},
        Wrong{"S  0:0(0) <mss>", false, 11, 3, "'mss' has no value", ""},
        Wrong{"S  0:0(0) <nop 1>", false, 15, 1, "'1' is too much here", ""},
        Wrong{"S  0:0(0) <TS val 1>", false, 11, 8, "'TS val 1' is no timestamps option",
              "write TS val 1 ecr 0"},
        Wrong{".  1:1(0) <sack 5>", false, 16, 1, "'5' is no SACK block", "write FIRST:END"},
        Wrong{".  1:1(0) <uto 5>", false, 15, 1, "'5' is no user timeout",
              "write uto 30s or uto 5min"},
        Wrong{".  1:1(0) <raw 012>", false, 15, 3, "'012' is no row of octets",
              "write two hex digits an octet"},
        Wrong{".  1:1(0) <raw 01zz>", false, 17, 2, "'zz' is no octet",
              "write two hex digits an octet"},
        Wrong{".  1:1(0) <kind 253 _>", true, 20, 1, "'_' has no octets to send", ""}));

// -- parse(print(x)) == x

rc::Gen<Sum> any_sum() {
  const auto atom = rc::gen::oneOf(
      rc::gen::map(rc::gen::inRange<std::int64_t>(0, 100000),
                   [](std::int64_t n) { return Atom{.integer = n}; }),
      rc::gen::map(rc::gen::inRange<std::int64_t>(0, 0xffffffff),
                   [](std::int64_t n) { return Atom{.kind = Atom::Kind::absolute, .integer = n}; }),
      rc::gen::map(
          rc::gen::element<std::string>("x", "ts", "probe.seq", "a_1.len"),
          [](std::string name) { return Atom{.kind = Atom::Kind::name, .name = std::move(name)}; }),
      rc::gen::map(rc::gen::element(Position::snd_wnd, Position::seg_len, Position::rcv_wnd),
                   [](Position p) { return Atom{.kind = Atom::Kind::position, .position = p}; }));
  const auto term = rc::gen::apply(
      [](std::int64_t factor, Atom a) { return Term{factor == 0 ? 1 : factor, std::move(a)}; },
      rc::gen::inRange<std::int64_t>(-4, 5), atom);
  return rc::gen::map(
      rc::gen::resize(3, rc::gen::nonEmpty(rc::gen::container<std::vector<Term>>(term))),
      [](std::vector<Term> terms) { return Sum{std::move(terms)}; });
}

rc::Gen<Value> any_value() {
  return rc::gen::apply(
      [](int kind, Sum low, Sum high) {
        Value value;
        value.kind = static_cast<Value::Kind>(kind);
        if (value.kind != Value::Kind::any) value.low = std::move(low);
        if (value.kind == Value::Kind::range) value.high = std::move(high);
        return value;
      },
      rc::gen::inRange(0, 5), any_sum(), any_sum());
}

bool is_constant(const Value& value) {
  if (value.kind != Value::Kind::sum) return false;
  for (const Term& term : value.low.terms) {
    if (term.atom.kind != Atom::Kind::integer) return false;
  }
  return true;
}

OptionPattern any_option() {
  OptionPattern option{.kind = static_cast<OptionPattern::Kind>(*rc::gen::inRange(0, 11))};
  using Kind = OptionPattern::Kind;
  const auto octets = [] { return *rc::gen::nonEmpty(rc::gen::arbitrary<wire::Buffer>()); };
  switch (option.kind) {
    case Kind::mss:
    case Kind::window_scale: option.a = *any_value(); break;
    case Kind::timestamps: option.a = *any_value(), option.b = *any_value(); break;
    case Kind::sack: option.edges = {{Value{}, Value{Value::Kind::sum, *any_sum(), {}}}}; break;
    case Kind::fast_open:
      if (*rc::gen::arbitrary<bool>()) option.body = octets();
      break;
    case Kind::user_timeout:
      option.a = *any_value();
      option.minutes = !option.a.is_any() && *rc::gen::arbitrary<bool>();
      break;
    case Kind::other:
      option.a = *any_value();
      option.has_length = *rc::gen::arbitrary<bool>();
      if (option.has_length) option.b = *any_value();
      if (*rc::gen::arbitrary<bool>()) option.body = octets();
      break;
    case Kind::raw: option.body = octets(); break;
    case Kind::nop:
    case Kind::eol:
    case Kind::sack_permitted: break;
  }
  return option;
}

RC_GTEST_PROP(SegmentPatternProperty, ReadsWhatItPrints, ()) {
  SegmentPattern pattern;
  const auto required = *rc::gen::inRange<std::uint16_t>(0, 0x200);
  const auto optional = *rc::gen::inRange<std::uint16_t>(0, 0x200);
  pattern.flags.any = *rc::gen::inRange(0, 5) == 0;
  if (!pattern.flags.any) {
    pattern.flags.required = wire::TcpFlags(required);
    pattern.flags.optional_ = wire::TcpFlags(static_cast<std::uint16_t>(optional & ~required));
  }
  pattern.first = *any_value(), pattern.end = *any_value(), pattern.count = *any_value();
  // Three plain numbers must agree.
  if (is_constant(pattern.first) && is_constant(pattern.end) && is_constant(pattern.count))
    pattern.end = {};
  if (*rc::gen::arbitrary<bool>()) pattern.ack = *any_value();
  if (*rc::gen::arbitrary<bool>()) pattern.win = *any_value();
  if (*rc::gen::arbitrary<bool>()) pattern.urg = *any_value();
  if (*rc::gen::arbitrary<bool>()) {
    auto& options = pattern.options.emplace();
    options.exact = *rc::gen::arbitrary<bool>();
    options.others = !options.exact && *rc::gen::arbitrary<bool>();
    const int count = *rc::gen::inRange(0, 4);
    for (int i = 0; i < count; ++i) options.list.push_back(any_option());
  }
  const auto again = parse_segment_pattern(print(pattern), false);
  if (!again) RC_FAIL(print(pattern) + ": " + again.error().message);
  RC_ASSERT(print(*again) == print(pattern));
  RC_ASSERT(*again == pattern);
}

RC_GTEST_PROP(SegmentPatternProperty, TakesAnyLineWithoutHarm, (const std::string& line)) {
  const auto parsed = parse_segment_pattern(line, false);
  if (!parsed) RC_ASSERT(!parsed.error().message.empty());
}

}  // namespace
}  // namespace tcproof::checks
