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

}  // namespace tcproof::checks
