// SPDX-License-Identifier: Apache-2.0
#include "harness/case/requirement_file.h"

#include <array>

#include <fmt/format.h>

#include "harness/case/fields.h"

namespace tcproof::harness::loading {

namespace {

constexpr std::array<std::string_view, 8> keys{"id",   "level",    "section", "topic",
                                               "text", "testable", "how",     "source_checked"};
constexpr std::array<std::string_view, 5> levels{"MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"};
constexpr std::array<std::string_view, 3> testables{"wire", "wire+api", "internal"};

void read_level(const Node& node, checks::Requirement& requirement, Problems& problems) {
  if (!text_of(node, "'level'", problems)) return;
  const auto index = choice_of(node, node.text, "level", levels, problems);
  if (!index) return;
  requirement.level = *index < 2   ? checks::Level::must
                      : *index < 4 ? checks::Level::should
                                   : checks::Level::may;
  requirement.negative = *index == 1 || *index == 3;
}

/// RFC9293-MUST-16, RFC5681-3.2-1
bool is_id(std::string_view id) {
  const std::size_t first = id.find('-'), last = id.rfind('-');
  if (id.rfind("RFC", 0) != 0 || first == std::string_view::npos || first == last) return false;
  return parse_number(id.substr(3, first - 3)).has_value() &&
         parse_number(id.substr(last + 1)).has_value();
}

void read_requirement(const Node& node, checks::Catalogue& catalogue, Problems& problems) {
  const std::size_t before = problems.size();
  const Fields fields(node, keys, "a requirement", problems);
  if (!fields.is_mapping()) return;
  checks::Requirement requirement;
  const auto text = [&](std::string_view key, std::string& into) {
    const Node* value = fields.require(key);
    if (value != nullptr) into = text_of(*value, fmt::format("'{}'", key), problems).value_or("");
  };
  text("id", requirement.id);
  text("section", requirement.section);
  text("topic", requirement.topic);
  text("text", requirement.text);
  text("testable", requirement.testable);
  text("how", requirement.how);
  if (const Node* level = fields.require("level")) read_level(*level, requirement, problems);
  if (problems.size() != before) return;
  choice_of(*fields.find("testable"), requirement.testable, "'testable'", testables, problems);
  const Place& place = fields.find("id")->place;
  if (!is_id(requirement.id)) {
    problems.add(place, fmt::format("'{}' is no id", requirement.id),
                 "an id is like RFC9293-MUST-16 or RFC5681-3.2-1");
  } else if (catalogue.find(requirement.id) != nullptr) {
    problems.add(place, fmt::format("{} is there twice", requirement.id));
  } else {
    catalogue.add(std::move(requirement));
  }
}

}  // namespace

void read_requirements(const Node& root, checks::Catalogue& catalogue, Problems& problems) {
  if (!root.is_sequence()) {
    wrong_kind(root, "a requirement file", "a list", problems);
    return;
  }
  for (const Node& item : root.items) {
    if (problems.full()) return;
    read_requirement(item, catalogue, problems);
  }
}

}  // namespace tcproof::harness::loading
