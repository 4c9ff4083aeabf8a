// SPDX-License-Identifier: Apache-2.0
#include "harness/path/next_size.h"

#include <bit>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tcproof::harness {
namespace {

struct Course {
  std::vector<std::uint32_t> tried;
  unsigned silences = 0, probes = 0;
  std::uint32_t found = 0;
};

/// A search where `truth` is the largest size that gets through.
Course search(std::uint32_t low, std::uint32_t bad, std::uint32_t truth, unsigned copies) {
  Course course;
  SearchBudget budget = SearchBudget::by_halves(low, bad, copies);
  while (bad - low > 1) {
    const std::uint32_t size = next_size(low, bad, budget);
    course.tried.push_back(size);
    if (size <= low || size >= bad) return course;
    const bool through = size <= truth;
    (through ? low : bad) = size;
    course.silences += through ? 0 : 1;
    course.probes += through ? 1 : copies;
    budget.spend(through ? 1 : copies);
  }
  course.found = low;
  return course;
}

RC_GTEST_PROP(NextSize, CostsNoMoreThanHalvesWould, ()) {
  const auto low = *rc::gen::inRange<std::uint32_t>(64, 9000);
  const auto bad = low + *rc::gen::inRange<std::uint32_t>(2, 60000);
  const auto truth = *rc::gen::inRange(low, bad);
  const auto copies = *rc::gen::inRange(1U, 64U);
  const Course course = search(low, bad, truth, copies);
  RC_ASSERT(course.found == truth);
  RC_ASSERT(course.probes <= copies * static_cast<unsigned>(std::bit_width(bad - low - 1)));
}

// Whatever the loss has made of the budget, the search ends, and each try leaves less.
RC_GTEST_PROP(NextSize, EndsWithoutABudget, ()) {
  auto low = *rc::gen::inRange<std::uint32_t>(64, 9000);
  auto bad = low + *rc::gen::inRange<std::uint32_t>(2, 60000);
  const auto truth = *rc::gen::inRange(low, bad);
  unsigned tries = 0;
  for (; bad - low > 1; ++tries) {
    const std::uint32_t size = next_size(low, bad, {.copies = 6, .left = 0});
    RC_ASSERT(size > low);
    RC_ASSERT(size < bad);
    (size <= truth ? low : bad) = size;
  }
  RC_ASSERT(low == truth);
  RC_ASSERT(tries <= 16U);
}

TEST(NextSize, TriesEthernetFirstBelowAJumboLink) {
  EXPECT_EQ(search(64, 9000, 1500, 6).tried, (std::vector<std::uint32_t>{1500, 1501}));
}

// Silence is what costs: by halves 11 and 8 sizes may meet it.
TEST(NextSize, FindsWhatIsInUseWithFewSilences) {
  for (const std::uint32_t mtu : {1280U, 1400U, 1420U, 1450U, 1460U, 1480U, 1492U}) {
    EXPECT_LE(search(64, 1500, mtu, 6).silences, 4U) << mtu;
    EXPECT_LE(search(1279, 1500, mtu, 6).silences, 5U) << mtu;
  }
}

TEST(NextSize, ConfirmsTheLikelyFragmentSize) {
  // 1396 octets are what an MTU of 1396 to 1403 makes of a first fragment.
  const SearchBudget budget{.copies = 1, .left = 4};
  EXPECT_EQ(next_size(1396, 1404, budget), 1400U);
  EXPECT_EQ(next_size(1400, 1404, {.copies = 1, .left = 3}), 1401U);
}

}  // namespace
}  // namespace tcproof::harness
