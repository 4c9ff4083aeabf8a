// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/rules.h"

#include <set>

#include <gtest/gtest.h>

namespace tcproof::ip {
namespace {

TEST(Rules, AllAreThereOnce) {
  std::set<std::string_view> seen;
  for (const std::string_view rule : rule::all()) {
    EXPECT_TRUE(seen.insert(rule).second) << rule;
    EXPECT_NE(rule.find(": "), std::string_view::npos) << rule;
  }
  EXPECT_GT(seen.size(), 100U);
}

}  // namespace
}  // namespace tcproof::ip
