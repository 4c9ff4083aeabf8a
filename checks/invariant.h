// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "checks/judge.h"
#include "checks/transcript.h"

namespace tcproof::checks {

/// A rule that holds in every case, whatever its steps. Each has its own file, which names its
/// exceptions with their RFC section.
struct Invariant {
  std::string_view name;         // "acknowledgment-never-falls"
  std::string_view requirement;  // RFC9293-MUST-..; also decides the level
  Level level;
  std::string_view about;  // one sentence
  void (*check)(const Case&, const Transcript&, std::vector<Failure>&);
  /// Says nothing new of a case in which a step has failed: what the step saw is what it would say.
  bool repeats_steps = false;
};
std::span<const Invariant> all_invariants();
const Invariant* find_invariant(std::string_view name);

}  // namespace tcproof::checks
