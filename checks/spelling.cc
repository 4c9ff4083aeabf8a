// SPDX-License-Identifier: Apache-2.0
#include "checks/spelling.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace tcproof::checks {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::size_t common_beginning(std::string_view a, std::string_view b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  return static_cast<std::size_t>(end - a.begin());
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr std::size_t longest = 80;
  if (word.size() > longest) return {};
  const std::size_t limit = std::max<std::size_t>(1, word.size() / 3);
  std::string_view best;
  std::size_t best_distance = limit + 1, best_common = 0;
  for (const std::string_view candidate : candidates) {
    // Only the case of letters differs: as near as can be.
    const bool same_letters = lower(word) == lower(candidate);
    const std::size_t distance = same_letters ? 0 : edit_distance(word, candidate);
    const std::size_t common = common_beginning(word, candidate);
    if (distance > best_distance) continue;
    if (distance == best_distance && common <= best_common) continue;
    if (distance > limit) continue;
    best = candidate;
    best_distance = distance;
    best_common = common;
  }
  return std::string(best);
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  return nearest(word, views);
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates,
                         std::string otherwise) {
  const std::string meant = nearest(word, candidates);
  return meant.empty() ? otherwise : fmt::format("did you mean '{}'?", meant);
}

}  // namespace tcproof::checks
