// SPDX-License-Identifier: Apache-2.0
#include "generator/variation.h"

#include <algorithm>
#include <limits>

namespace tcproof::generator {

Bounds bounds_of(const Variation& how) {
  constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
  switch (how.kind) {
    case Variation::Kind::constant: return {how.from, how.from};
    case Variation::Kind::list: {
      const auto [low, high] = std::minmax_element(how.values.begin(), how.values.end());
      return {*low, *high};
    }
    case Variation::Kind::increment:
      if (how.count == 0) return {0, all};
      return {how.from, how.from + (how.count - 1) * how.step};
    case Variation::Kind::random:
      if (how.count == 0) return {0, all};
      return {how.from, how.from + how.count - 1};
  }
  return {};
}

}  // namespace tcproof::generator
