// SPDX-License-Identifier: Apache-2.0
#include "harness/case/diagnostic.h"

#include <gtest/gtest.h>

namespace tcproof::harness {
namespace {

TEST(Diagnostic, ShowsLineCaretAndCure) {
  const Diagnostic one{"a.yaml", 12, 3, 4, "no", "yes", "x wrong"};
  EXPECT_EQ(one.render(),
            "a.yaml:12:3: error: no\n"
            "   12 | x wrong\n"
            "      |   ^~~~\n"
            "      = yes\n");
}

TEST(Diagnostic, OfAWholeFileHasNoLine) {
  const Diagnostic one{.file = "a.yaml", .message = "no such file"};
  EXPECT_EQ(one.render(), "a.yaml: error: no such file\n");
}

// A tab before the place keeps the caret below it.
TEST(Diagnostic, KeepsTabs) {
  const Diagnostic one{"a.yaml", 1, 3, 1, "no", "", "\tx y"};
  EXPECT_EQ(one.render(), "a.yaml:1:3: error: no\n    1 | \tx y\n      | \t ^\n");
}

TEST(Diagnostic, ShowsAtMostTwenty) {
  const Diagnostics many(25, Diagnostic{.file = "a", .message = "m"});
  std::string twenty;
  for (int i = 0; i < 20; ++i) twenty += "a: error: m\n";
  EXPECT_EQ(render(many), twenty);
}

}  // namespace
}  // namespace tcproof::harness
