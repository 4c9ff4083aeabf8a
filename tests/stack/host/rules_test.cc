// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "stack/host/rules.h"
#include "stack/ip/rules.h"
#include "stack/tcp/rules.h"
#include "stack/udp/rules.h"

// The lists of rules are complete: as many entries as rules.h has names, and none twice.

namespace tcproof {
namespace {

std::size_t names_in(const char* header) {
  std::ifstream file(std::filesystem::path(TCPROOF_SOURCE_DIR) / header);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::regex name("inline constexpr Rule \\w+ =");
  return static_cast<std::size_t>(
      std::distance(std::sregex_iterator(text.begin(), text.end(), name), {}));
}

void expect_complete(std::span<const std::string_view> list, const char* header) {
  EXPECT_EQ(list.size(), names_in(header)) << header;
  EXPECT_EQ(std::set<std::string_view>(list.begin(), list.end()).size(), list.size()) << header;
  EXPECT_FALSE(std::ranges::any_of(list, [](std::string_view rule) { return rule.empty(); }));
}

TEST(Rules, EachIsInTheListOnce) {
  expect_complete(tcp::rule::all(), "stack/tcp/rules.h");
  expect_complete(stack::rule::all(), "stack/host/rules.h");
  expect_complete(ip::rule::all(), "stack/ip/rules.h");
  expect_complete(udp::rule::all(), "stack/udp/rules.h");
}

}  // namespace
}  // namespace tcproof
