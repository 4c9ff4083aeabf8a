// SPDX-License-Identifier: Apache-2.0
#include "harness/run/huge_pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

namespace tcproof::harness {
namespace {

// Whether the kernel has huge pages to give is its affair; what is in memory stays there.
TEST(HugePages, MovingThemChangesNothing) {
  constexpr std::size_t words = std::size_t{2} << 20;
  std::vector<std::uint64_t> memory(words);
  std::iota(memory.begin(), memory.end(), std::uint64_t{1});
  constexpr std::size_t huge = std::size_t{2} << 20;
  EXPECT_EQ(move_to_huge_pages() % huge, 0U);
  EXPECT_EQ(std::accumulate(memory.begin(), memory.end(), std::uint64_t{0}),
            std::uint64_t{words} * (words + 1) / 2);
}

}  // namespace
}  // namespace tcproof::harness
