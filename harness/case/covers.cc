// SPDX-License-Identifier: Apache-2.0
#include "harness/case/covers.h"

#include <array>
#include <set>

#include <fmt/format.h>

#include "checks/spelling.h"
#include "harness/case/fields.h"

namespace tcproof::harness::loading {

namespace {

/// "RFC9293 has MUST-1 to MUST-69", or what there is of that document.
std::string what_there_is(const std::string& id, const checks::Catalogue& catalogue) {
  const std::size_t rfc_end = id.find('-');
  const std::size_t number = id.rfind('-');
  if (rfc_end == std::string::npos) return "an id is like RFC9293-MUST-16";
  const std::string rfc = id.substr(0, rfc_end);
  const std::string group = id.substr(0, number + 1);
  std::uint64_t low = 0, high = 0;
  bool rfc_known = false;
  for (const auto& [known, requirement] : catalogue.all()) {
    if (known.rfind(rfc + "-", 0) == 0) rfc_known = true;
    if (known.rfind(group, 0) != 0) continue;
    const auto n = parse_number(std::string_view(known).substr(group.size()));
    if (!n) continue;
    low = low == 0 ? *n : std::min(low, *n);
    high = std::max(high, *n);
  }
  if (high == 0 || number == rfc_end) {
    return rfc_known ? std::string() : fmt::format("the catalogue has nothing of {}", rfc);
  }
  const std::string kind = group.substr(rfc_end + 1);
  if (low == high) return fmt::format("{} has {}{}", rfc, kind, low);
  return fmt::format("{} has {}{} to {}{}", rfc, kind, low, kind, high);
}

std::string nearest_id(const std::string& id, const checks::Catalogue& catalogue) {
  std::vector<std::string_view> ids;
  for (const auto& [known, requirement] : catalogue.all()) ids.push_back(known);
  return checks::nearest(id, ids);
}

/// The one level of all ids of a step.
std::optional<checks::Level> read_ids(const Node& covers, Reading& reading, checks::Step& step) {
  const checks::Requirement* first = nullptr;
  for (const Node* node : list_of(covers, "'covers'", true, reading.problems)) {
    const auto id = reading.scalar(*node, "'covers'");
    if (!id) continue;
    const auto* requirement =
        find_requirement(id->whole, id->text, reading.catalogue, reading.problems);
    if (requirement == nullptr) continue;
    step.covers.push_back(id->text);
    if (first == nullptr) first = requirement;
    if (requirement->level != first->level) {
      reading.problems.add(id->whole,
                           fmt::format("{} is a {}, but {} is a {}", requirement->id,
                                       long_name(*requirement), first->id, long_name(*first)),
                           "a step has one level: split it");
    }
  }
  if (first == nullptr) return std::nullopt;
  return first->level;
}

void collect(const std::vector<checks::Step>& steps, std::set<std::string>& ids) {
  for (const checks::Step& step : steps) {
    ids.insert(step.covers.begin(), step.covers.end());
    collect(step.members, ids);
    for (const checks::Alternative& alternative : step.alternatives) {
      collect(alternative.steps, ids);
    }
  }
}

}  // namespace

const checks::Requirement* find_requirement(const Place& place, const std::string& id,
                                            const checks::Catalogue& catalogue,
                                            Problems& problems) {
  if (const auto* requirement = catalogue.find(id)) return requirement;
  const std::string meant = nearest_id(id, catalogue);
  const std::string there = what_there_is(id, catalogue);
  std::string cure = meant.empty() ? "" : fmt::format("did you mean '{}'?", meant);
  if (!cure.empty() && !there.empty()) cure += ' ';
  problems.add(place, fmt::format("no requirement '{}'", id), cure + there);
  return nullptr;
}

void read_covers(const Node* covers, const Node* level, Reading& reading, checks::Step& step) {
  static constexpr std::array<std::string_view, 3> levels{"MUST", "SHOULD", "MAY"};
  std::optional<checks::Level> of_covers;
  if (covers != nullptr) of_covers = read_ids(*covers, reading, step);
  if (of_covers) step.level = *of_covers;
  if (level == nullptr) return;
  const auto index = read_word(*level, "level", levels, reading);
  if (!index) return;
  const auto written = static_cast<checks::Level>(*index);
  if (!of_covers) {
    step.level = written;
  } else if (written != *of_covers) {
    const auto* requirement = reading.catalogue.find(step.covers.front());
    reading.problems.add(level->place,
                         fmt::format("level {}, but {} is a {}", levels[*index],
                                     step.covers.front(), long_name(*requirement)),
                         "leave 'level' out: it follows from 'covers'");
  }
}

void check_covers(const Node& covers, const std::vector<checks::Step>& steps,
                  const checks::Catalogue& catalogue, Problems& problems) {
  std::set<std::string> on_steps, seen;
  collect(steps, on_steps);
  for (const Node* node : list_of(covers, "'covers'", false, problems)) {
    if (find_requirement(node->place, node->text, catalogue, problems) == nullptr) continue;
    if (!seen.insert(node->text).second) {
      problems.add(node->place, fmt::format("{} is given twice", node->text));
    } else if (!on_steps.contains(node->text)) {
      problems.add(node->place, fmt::format("{} is on no step", node->text),
                   "put it into 'covers' of the step that checks it");
    }
  }
}

}  // namespace tcproof::harness::loading
