// SPDX-License-Identifier: Apache-2.0
#include "checks/requirement.h"

#include <algorithm>
#include <tuple>

#include "checks/spelling.h"

namespace tcproof::checks {

std::string_view to_string(Level level) {
  switch (level) {
    case Level::must: return "MUST";
    case Level::should: return "SHOULD";
    case Level::may: return "MAY";
  }
  return {};
}

std::string_view long_name(const Requirement& requirement) {
  switch (requirement.level) {
    case Level::must: return requirement.negative ? "MUST NOT" : "MUST";
    case Level::should: return requirement.negative ? "SHOULD NOT" : "SHOULD";
    case Level::may: return "MAY";
  }
  return {};
}

void Catalogue::add(Requirement requirement) {
  std::string id = requirement.id;
  by_id_.insert_or_assign(std::move(id), std::move(requirement));
}

const Requirement* Catalogue::find(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

std::vector<std::string_view> Catalogue::near(std::string_view id) const {
  // An id that the wrong one begins with (a digit too many) is likelier meant than one with another
  // digit.
  using Ranked = std::tuple<bool, std::size_t, std::string_view>;
  std::vector<Ranked> ranked;
  for (const auto& [known, requirement] : by_id_) {
    const bool related = id.starts_with(known) || std::string_view(known).starts_with(id);
    const std::size_t distance = edit_distance(id, known);
    if (related || distance <= 2) ranked.emplace_back(!related, distance, known);
  }
  std::sort(ranked.begin(), ranked.end());
  if (ranked.size() > 5) ranked.resize(5);
  std::vector<std::string_view> ids;
  for (const Ranked& entry : ranked) ids.push_back(std::get<2>(entry));
  return ids;
}

}  // namespace tcproof::checks
