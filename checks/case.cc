// SPDX-License-Identifier: Apache-2.0
#include "checks/case.h"

#include <array>

namespace tcproof::checks {
namespace {

constexpr std::array<std::string_view, 13> names = {
    "ok",      "closing",     "reset",        "refused",     "timed-out", "no-connection", "exists",
    "illegal", "unspecified", "no-resources", "unreachable", "nothing",   "unsupported",
};

}  // namespace

std::string_view to_string(Outcome outcome) {
  return names[static_cast<std::size_t>(outcome)];
}

std::optional<Outcome> parse_outcome(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Outcome>(i);
  }
  return {};
}

namespace {

const Step* find_among(const std::vector<Step>& steps, StepId id) {
  for (const Step& step : steps) {
    if (step.id == id) return &step;
    if (const Step* found = find_among(step.members, id)) return found;
    for (const Alternative& alternative : step.alternatives) {
      if (const Step* found = find_among(alternative.steps, id)) return found;
    }
  }
  return nullptr;
}

}  // namespace

const Step* find_step(const Case& one_case, StepId id) {
  return find_among(one_case.steps, id);
}

}  // namespace tcproof::checks
