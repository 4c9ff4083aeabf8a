// SPDX-License-Identifier: Apache-2.0
#include "harness/report/rule_tally.h"

#include <fmt/format.h>

namespace tcproof::harness {
namespace {

/// The rule of a note: what stands behind "LISTEN -> SYN-RECEIVED: ", else all of it. A rule may
/// have a colon of its own, as in "drop: ...".
std::string_view rule_of(std::string_view note) {
  const std::size_t arrow = note.find(" -> ");
  const std::size_t colon = note.find(": ");
  if (arrow == std::string_view::npos || colon == std::string_view::npos || colon < arrow) {
    return note;
  }
  return note.substr(colon + 2);
}

}  // namespace

RuleTally::RuleTally(const std::vector<std::string>& rules) {
  for (const std::string& rule : rules) {
    // Layers may share a name; it is listed once.
    if (counts_.try_emplace(rule, 0).second) rules_.push_back(rule);
  }
}

void RuleTally::add(const checks::Trace& trace) {
  for (const checks::Event& event : trace.events()) {
    const auto* note = std::get_if<checks::TargetNote>(&event);
    if (note == nullptr) continue;
    const auto known = counts_.find(rule_of(note->text));
    if (known != counts_.end()) ++known->second;
  }
}

std::size_t RuleTally::count(std::string_view rule) const {
  const auto known = counts_.find(rule);
  return known == counts_.end() ? 0 : known->second;
}

std::vector<std::string> RuleTally::never_reached() const {
  std::vector<std::string> out;
  for (const std::string& rule : rules_) {
    if (count(rule) == 0) out.push_back(rule);
  }
  return out;
}

std::string RuleTally::text(std::string_view target) const {
  if (rules_.empty()) return fmt::format("{} names no rules\n", target);
  const std::vector<std::string> missed = never_reached();
  std::string out =
      fmt::format("{} of {} rules of {} were reached{}\n", rules_.size() - missed.size(),
                  rules_.size(), target, missed.empty() ? "" : "; never reached:");
  for (const std::string& rule : missed) out += fmt::format("  {}\n", rule);
  return out;
}

}  // namespace tcproof::harness
