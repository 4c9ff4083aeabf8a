// SPDX-License-Identifier: Apache-2.0
#include "checks/spelling.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <fmt/format.h>

namespace tcproof::checks {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::size_t exchange_cost(char a, char b) {
  if (a == b) return 0;
  return lower(a) == lower(b) ? 1 : 2;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = 2 * j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = 2 * i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t exchanged = diagonal + exchange_cost(a[i - 1], b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({exchanged, row[j] + 2, row[j - 1] + 2});
    }
  }
  return row[b.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  // A third of the letters may be wrong, at least one.
  const std::size_t limit = std::max<std::size_t>(2, 2 * (word.size() / 3));
  std::string_view best;
  std::size_t best_distance = limit + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known,
                         std::string otherwise) {
  const std::string_view best = nearest(word, known);
  return best.empty() ? std::move(otherwise) : fmt::format("did you mean '{}'?", best);
}

}  // namespace tcproof::checks
