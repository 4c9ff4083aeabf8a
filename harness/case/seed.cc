// SPDX-License-Identifier: Apache-2.0
#include "harness/case/seed.h"

#include <fmt/format.h>

#include "stack/link/random.h"

namespace tcproof::harness {

wire::Seq draw_isn(std::uint64_t seed, std::string_view what) {
  link::Random random = link::Random::derived(seed, what);
  const bool by_default = seed <= 1;
  constexpr std::uint32_t near = 64;
  switch (by_default ? 0 : random.below(4)) {
    case 0: return {static_cast<std::uint32_t>(0 - near + random.below(near))};
    case 1: return {static_cast<std::uint32_t>(0x80000000U - near + random.below(near))};
    case 2: return {0};
    default: return {static_cast<std::uint32_t>(random.next())};
  }
}

void draw_from_seed(checks::Case& one_case, std::uint64_t seed) {
  one_case.seed = seed;
  for (checks::Connection& connection : one_case.connections) {
    const std::string what = fmt::format("{}{} {}", one_case.id, one_case.cell, connection.name);
    if (connection.isn_drawn) connection.isn = draw_isn(seed, what);
    if (connection.target_isn_drawn) connection.target_isn = draw_isn(seed, what + " target");
  }
}

}  // namespace tcproof::harness
