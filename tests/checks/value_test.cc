// SPDX-License-Identifier: Apache-2.0
#include "checks/value.h"

#include <gtest/gtest.h>

#include <map>

namespace tcproof::checks {
namespace {

class FixedScope : public Scope {
 public:
  std::map<std::string, std::int64_t, std::less<>> names;
  std::optional<std::int64_t> binding(std::string_view name) const override {
    const auto found = names.find(name);
    return found == names.end() ? std::nullopt : std::optional(found->second);
  }
  std::int64_t position(Position position) const override {
    return position == Position::snd_nxt ? 1001 : 0;
  }
  wire::Seq isn(Side side) const override { return {side == Side::target ? 0xffffffffU : 7U}; }
};

Value value(std::string_view text) {
  const auto parsed = parse_value({text, 0});
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Value{});
}

TEST(Value, PrintsAsItWasRead) {
  for (const char* text :
       {"_", "0", "1460", "@5", "$x", "$probe.seq", "SND.NXT", "SND.NXT+1", "RCV.NXT-$len",
        "2*SND.WND-1", "-5", "1..5", "$x..$x+5", "$a.end..ISS", ">=1", "<=SEG.SEQ+SEG.LEN",
        "-3*$x+@4294967295", "@$a.isn+1..2*@$b.isn-@$a.isn"}) {
    EXPECT_EQ(print(value(text)), text);
  }
  EXPECT_EQ(print(value("0x10")), "16");
}

TEST(Value, ErrorsSayWhere) {
  struct Wrong {
    const char* text;
    std::size_t at, length;
    const char* message;
  };
  const Wrong all[] = {
      {"", 10, 1, "a value is missing"},
      {"1+", 12, 1, "a number, a $name or a position is missing"},
      {"SND.NXTT", 10, 8, "unknown position 'SND.NXTT'"},
      {"017", 10, 3, "'017' has a leading zero"},
      {"@4294967296", 10, 11, "'@4294967296' does not fit in 32 bits"},
      {"99999999999999999999", 10, 20, "'99999999999999999999' is too large"},
      {"5x", 11, 1, "'x' is no value"},
      {"$X", 10, 2, "a name begins with a small letter"},
      {"0x-1", 10, 4, "'0x-1' is no number"},
      {"1..", 13, 1, "a number, a $name or a position is missing"},
  };
  for (const Wrong& wrong : all) {
    const auto parsed = parse_value({wrong.text, 10});
    ASSERT_FALSE(parsed) << wrong.text;
    EXPECT_EQ(parsed.error().message, wrong.message);
    EXPECT_EQ(parsed.error().at, wrong.at) << wrong.text;
    EXPECT_EQ(parsed.error().length, wrong.length) << wrong.text;
  }
  EXPECT_EQ(parse_value({"SND.NXTT", 0}).error().cure, "did you mean 'SND.NXT'?");
}

TEST(Value, ComparesModuloWhereNumbersWrap) {
  FixedScope scope;
  scope.names["x"] = 0xffffffff;
  const auto fits = [&](std::string_view text, std::int64_t actual, Compare compare) {
    return holds(value(text), actual, scope, Side::target, compare);
  };
  EXPECT_TRUE(fits("SND.NXT", 1001, Compare::modulo));
  EXPECT_FALSE(fits("SND.NXT", 1002, Compare::modulo));
  EXPECT_TRUE(fits("-1", 0xffffffff, Compare::modulo));
  EXPECT_FALSE(fits("-1", 0xffffffff, Compare::plain));
  EXPECT_TRUE(fits(">=$x", 0x10, Compare::modulo));
  EXPECT_FALSE(fits(">=$x", 0x80000000, Compare::modulo));
  EXPECT_TRUE(fits("$x..5", 2, Compare::modulo));
  EXPECT_FALSE(fits("$x..5", 6, Compare::modulo));
  EXPECT_TRUE(fits("<=5", 5, Compare::plain));
  EXPECT_FALSE(fits("<=5", 6, Compare::plain));
  EXPECT_TRUE(fits("@4", 5, Compare::modulo))
      << "absolute 4 is the fifth octet behind an ISN of 2^32-1";
}

TEST(Value, AnAbsoluteNameCountsFromTheIsnAtHand) {
  FixedScope scope;
  scope.names["a.isn"] = 9;
  const auto fits = [&](std::string_view text, Side side) {
    return holds(value(text), 0, scope, side, Compare::modulo);
  };
  // The target's ISN is 2^32-1, which lies ten below 9.
  EXPECT_TRUE(fits("@$a.isn-10", Side::target));
  EXPECT_FALSE(fits("@$a.isn-9", Side::target));
  EXPECT_TRUE(fits("2*@$a.isn-@$a.isn-10", Side::target));
  EXPECT_TRUE(fits("@$a.isn+1..@$a.isn-1", Side::target)) << "once round but for one number";
  EXPECT_FALSE(fits("@$a.isn-9..@$a.isn-11", Side::target)) << "all but the actual number";
  EXPECT_TRUE(holds(value("@$a.isn"), 9, scope, Side::none, Compare::plain));
  EXPECT_FALSE(fits("@$new.isn", Side::target));
}

TEST(Value, OnlyALoneNameMayBeUnbound) {
  const FixedScope scope;
  EXPECT_TRUE(holds(value("$new"), 5, scope, Side::none, Compare::plain));
  EXPECT_FALSE(holds(value("$new+1"), 5, scope, Side::none, Compare::plain));
  EXPECT_FALSE(holds(value("1..$new"), 5, scope, Side::none, Compare::plain));
  EXPECT_FALSE(evaluate(value("$new").low, scope, Side::none));
}

}  // namespace
}  // namespace tcproof::checks
