// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace tcproof::harness {

/// What a search may still spend, in probes: `copies` on a size that meets silence, one on a size
/// that gets through.
struct SearchBudget {
  unsigned copies = 1;
  unsigned left = 0;

  /// Enough to search by halves between `low` and `bad` if all is silent: ceil(log2(bad - low))
  /// times the copies.
  static SearchBudget by_halves(std::uint32_t low, std::uint32_t bad, unsigned copies);
  void spend(unsigned probes) { left -= probes < left ? probes : left; }
};

/// The next size to try between `low`, which gets through, and `bad`, which does not; they are at
/// least two apart. As long as the budget lasts for the rest by halves, MTUs in common use come
/// first, small ones before large ones since what gets through costs one probe, and then the size
/// above the one that got through.
std::uint32_t next_size(std::uint32_t low, std::uint32_t bad, const SearchBudget& budget);

}  // namespace tcproof::harness
