// SPDX-License-Identifier: Apache-2.0
#include "harness/path/next_size.h"

#include <algorithm>
#include <array>
#include <bit>

namespace tcproof::harness {
namespace {

constexpr std::uint32_t ethernet = 1500;
/// Ethernet less what tunnels, access networks and clouds take of it, and jumbo frames likewise.
constexpr std::array<std::uint32_t, 24> in_use{1280, 1300, 1350, 1360, 1380, 1400, 1412, 1420,
                                               1430, 1436, 1440, 1442, 1450, 1454, 1460, 1472,
                                               1476, 1480, 1492, 1500, 8900, 8950, 9000, 9001};

unsigned halvings(std::uint32_t count) {
  return static_cast<unsigned>(std::bit_width(count - 1));
}

/// Sizes that may remain after a try so that `probes` suffice for them by halves. One halving of
/// `count` is always allowed: a budget that a lossy path has used up ends no search.
std::uint32_t may_remain(unsigned probes, unsigned copies, std::uint32_t count) {
  const unsigned tries = std::max(probes / copies, halvings(count) - 1);
  return tries >= 31 ? count : std::uint32_t{1} << tries;
}

}  // namespace

SearchBudget SearchBudget::by_halves(std::uint32_t low, std::uint32_t bad, unsigned copies) {
  return {copies, copies * halvings(bad - low)};
}

std::uint32_t next_size(std::uint32_t low, std::uint32_t bad, const SearchBudget& budget) {
  const std::uint32_t count = bad - low;
  const auto after = [&](unsigned cost) {
    const unsigned left = budget.left > cost ? budget.left - cost : 0;
    return std::min(may_remain(left, budget.copies, count), count - 1);
  };
  const std::uint32_t least = bad - after(1), most = low + after(budget.copies);
  const auto is_allowed = [&](std::uint32_t size) { return size >= least && size <= most; };

  if (is_allowed(ethernet)) return ethernet;
  if (low == ethernet && is_allowed(low + 1)) return low + 1;
  const auto* const first = std::ranges::lower_bound(in_use, least);
  const auto* const last = std::ranges::upper_bound(in_use, most);
  if (first < last) return first[(last - first) / 4];
  const auto* const above = std::ranges::upper_bound(in_use, low);
  if (above != in_use.end() && *above < bad) return *above > most ? most : least;
  const bool confirms = std::ranges::binary_search(in_use, low);
  return std::clamp(low + (confirms ? 1 : (count + 3) / 4), least, most);
}

}  // namespace tcproof::harness
