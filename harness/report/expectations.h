// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/case/profile.h"
#include "harness/report/result.h"

namespace tcproof::harness {

/// Holds finished cases against the deviations that a target's profile and a user's baseline list.
/// The key of an entry is (case with cell, requirement or invariant), so a new failure cannot hide
/// behind an old one.
class Expectations {
 public:
  /// Profile entries first, then the baseline's. `fail_on`: failures below this level never count.
  Expectations(std::vector<Deviation> deviations, checks::Level fail_on);

  /// Sets expectation and reason of a failed case. An error or inconclusive is never hidden.
  void apply(CaseResult& result);

  /// Entries that speak of a case that ran to a verdict, but whose failure did not come.
  std::vector<RunResult::StaleDeviation> stale() const;

 private:
  /// The entry that covers one failure with one of its requirements; null if none does.
  const Deviation* covering(const CaseResult& result, const checks::Failure& failure) const;

  struct Entry {
    Deviation deviation;
    bool ran = false;   // a case it speaks of came to pass or fail
    bool used = false;  // and failed as it says
  };
  std::vector<Entry> entries_;
  checks::Level fail_on_;
};

/// Those that speak of the target as it describes itself ("linux 6.18.44") on this day
/// ("2026-03-01").
std::vector<Deviation> in_force(std::vector<Deviation> deviations, std::string_view target,
                                std::string_view today);

/// 0 all as expected; 1 unexpected failure, or a stale expectation unless those only warn; 3 an
/// error, or inconclusive after retries; 77 everything skipped.
int exit_code(const RunResult& run, checks::Level fail_on, bool stale_fails = true);

}  // namespace tcproof::harness
