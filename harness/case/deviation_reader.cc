// SPDX-License-Identifier: Apache-2.0
#include "harness/case/deviation_reader.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/case/case_builder.h"
#include "harness/case/covers.h"
#include "harness/case/fields.h"

namespace tcproof::harness {

namespace loading {

namespace {

constexpr std::array<std::string_view, 8> keys{"case",      "requirement", "invariant", "reason",
                                               "reference", "capture",     "since",     "until"};

/// What stands for an invariant's name in a key (docs/case-language.md 12).
constexpr std::array<std::string_view, 3> beside_invariants{"nothing-left-over", "transitions",
                                                            "uncovered-step"};

/// "tcp/open/passive [ip=*]" -> id and cell.
void read_case(const Node& node, Deviation& deviation, Problems& problems) {
  const auto text = text_of(node, "'case'", problems);
  if (!text) return;
  const std::size_t cut = text->find(" [");
  deviation.case_id = text->substr(0, cut);
  if (cut != std::string::npos) deviation.cell = text->substr(cut + 1);
  const bool cell_ends = deviation.cell.empty() || deviation.cell.back() == ']';
  if (!cell_ends || deviation.case_id.empty() ||
      deviation.case_id.find_first_of(" []") != std::string::npos) {
    problems.add(node.place, fmt::format("'{}' is no case", *text),
                 "a case is its id and its cell: tcp/open/passive [ip=*]");
  }
}

/// 2026-03-01
bool is_date(std::string_view text) {
  constexpr std::string_view form = "0000-00-00";
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == '0' ? !digit : text[i] != '-') return false;
  }
  const std::string_view month = text.substr(5, 2), day = text.substr(8, 2);
  return month >= "01" && month <= "12" && day >= "01" && day <= "31";
}

/// 6.5, 6.18.44
bool is_version(std::string_view text) {
  bool digit = false;
  for (const char c : text) {
    if (c == '.' ? !digit : (c < '0' || c > '9')) return false;
    digit = c != '.';
  }
  return digit;
}

/// Numbers up to the first character that belongs to none: "6.18.44-x" is 6, 18, 44.
std::vector<std::uint64_t> numbers_of(std::string_view version) {
  std::vector<std::uint64_t> numbers;
  bool fresh = true;
  for (const char c : version) {
    if (c == '.' && !fresh) {
      fresh = true;
    } else if (c >= '0' && c <= '9') {
      if (fresh) numbers.push_back(0);
      fresh = false;
      numbers.back() = numbers.back() * 10 + static_cast<std::uint64_t>(c - '0');
    } else {
      break;
    }
  }
  return numbers;
}

void read_key(const Fields& fields, const Node& node, const checks::Catalogue& catalogue,
              Deviation& deviation, Problems& problems) {
  const Node* requirement = fields.find("requirement");
  const Node* invariant = fields.find("invariant");
  if ((requirement == nullptr) == (invariant == nullptr)) {
    problems.add(node.place, "a deviation has a 'requirement' or an 'invariant'",
                 "it is the key of the failure that is expected");
  }
  if (requirement != nullptr) {
    deviation.requirement = text_of(*requirement, "'requirement'", problems).value_or("");
    if (!deviation.requirement.empty()) {
      find_requirement(requirement->place, deviation.requirement, catalogue, problems);
    }
  }
  if (invariant != nullptr) {
    deviation.invariant = text_of(*invariant, "'invariant'", problems).value_or("");
    if (!deviation.invariant.empty() &&
        std::ranges::find(beside_invariants, deviation.invariant) == beside_invariants.end()) {
      check_invariant_name(deviation.invariant, invariant->place, problems);
    }
  }
}

Deviation read_deviation(const Node& node, const checks::Catalogue& catalogue, Problems& problems) {
  Deviation deviation;
  const Fields fields(node, keys, "a deviation", problems);
  if (!fields.is_mapping()) return deviation;
  deviation.mark = mark_of(node.entries.empty() ? node.place : node.entries.front().key_place);
  if (const Node* one = fields.require("case")) read_case(*one, deviation, problems);
  read_key(fields, node, catalogue, deviation, problems);
  const auto text = [&](std::string_view key, std::string& into) {
    const Node* value = fields.find(key);
    if (value != nullptr) into = text_of(*value, fmt::format("'{}'", key), problems).value_or("");
  };
  fields.require("reason");
  text("reason", deviation.reason);
  text("reference", deviation.reference);
  text("capture", deviation.capture);
  text("since", deviation.since);
  text("until", deviation.until);
  if (fields.find("reference") == nullptr && fields.find("capture") == nullptr) {
    problems.add(node.place, "a deviation needs a 'reference' or a 'capture'",
                 "a bug report, a document, or the frames that show it");
  }
  if (const Node* since = fields.find("since"); since && !is_version(deviation.since)) {
    problems.add(since->place, fmt::format("'{}' is no version", deviation.since),
                 "a version of the target is 6.5");
  }
  const Node* until = fields.find("until");
  if (until != nullptr && !is_date(deviation.until) && !is_version(deviation.until)) {
    problems.add(until->place, fmt::format("'{}' is no date and no version", deviation.until),
                 "a date is 2026-03-01, the first version without the deviation is 6.12");
  }
  return deviation;
}

/// "[ip=v6,mtu=1280]" -> "ip=v6", "mtu=1280".
std::vector<std::string_view> parts_of(std::string_view cell) {
  std::vector<std::string_view> parts;
  if (cell.size() < 2) return parts;
  cell = cell.substr(1, cell.size() - 2);
  while (true) {
    const std::size_t cut = cell.find(',');
    parts.push_back(cell.substr(0, cut));
    if (cut == std::string_view::npos) return parts;
    cell.remove_prefix(cut + 1);
  }
}

bool matches_part(std::string_view pattern, std::string_view part) {
  const std::size_t cut = pattern.find('=');
  if (cut == std::string_view::npos || pattern.substr(cut + 1) != "*") return pattern == part;
  return part.substr(0, cut + 1) == pattern.substr(0, cut + 1);
}

}  // namespace

std::vector<Deviation> read_deviations(const Node& node, const checks::Catalogue& catalogue,
                                       Problems& problems) {
  std::vector<Deviation> deviations;
  if (!node.is_sequence()) {
    wrong_kind(node, "'deviations'", "a list", problems);
    return deviations;
  }
  for (const Node& item : node.items) {
    deviations.push_back(read_deviation(item, catalogue, problems));
  }
  return deviations;
}

}  // namespace loading

bool Deviation::matches(const std::string& id, const std::string& cell_text,
                        const std::string& requirement_id,
                        const std::string& invariant_name) const {
  if (id != case_id) return false;
  const bool same_key = invariant.empty() ? requirement == requirement_id && !requirement.empty()
                                          : invariant == invariant_name;
  if (!same_key) return false;
  const auto patterns = loading::parts_of(cell), parts = loading::parts_of(cell_text);
  if (patterns.size() != parts.size()) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!loading::matches_part(patterns[i], parts[i])) return false;
  }
  return true;
}

bool Deviation::in_force(std::string_view version, std::string_view today) const {
  // Dates of this form compare as text.
  if (loading::is_date(until) && today >= until) return false;
  const auto number = loading::numbers_of(version);
  if (number.empty()) return true;
  if (!since.empty() && number < loading::numbers_of(since)) return false;
  return until.empty() || loading::is_date(until) || number < loading::numbers_of(until);
}

}  // namespace tcproof::harness
