// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "checks/case.h"
#include "harness/case/diagnostic.h"
#include "harness/case/services.h"

namespace tcproof::harness {

/// An expected failure: the key is (case with its cell, requirement or invariant).
struct Deviation {
  std::string case_id;      // without the cell
  std::string cell;         // "[ip=*]", "" = a case without a matrix; `*` stands for every value
  std::string requirement;  // one of these two
  std::string invariant;
  std::string reason, reference, capture;
  /// Of the target's versions it speaks of those from `since` on and before `until`. A date in
  /// `until` (2026-03-01) ends it on that day.
  std::string since, until;
  checks::SourceMark mark;
  bool matches(const std::string& id, const std::string& cell_text,
               const std::string& requirement_id, const std::string& invariant_name) const;
  /// Whether it speaks of a target of this version ("6.18.44-x"; empty: not known, then every
  /// version) on this day ("2026-03-01").
  bool in_force(std::string_view version, std::string_view today) const;
};

/// specs/targets/NAME.yaml: what a target has, its declared values and its known deviations.
struct Profile {
  std::string name, about;
  bool virtual_time = true;
  checks::StateReport state = checks::StateReport::every;
  std::set<std::string> features;
  /// `$profile.NAME`: a duration (text with a unit in the file) or a number.
  std::map<std::string, std::variant<Duration, std::int64_t>> values;
  checks::Timing timing;
  Duration parallel{};  // added to timing.late when cases run beside each other
  std::vector<std::pair<std::string, std::string>> sysctls;
  std::vector<checks::Ignored> ignore;
  std::vector<checks::FramePattern> ignore_patterns;
  std::vector<Deviation> deviations;
  Services services;  // of a target without an application interface
};

Loaded<Profile> load_profile(const std::string& path, const checks::Catalogue& catalogue);
/// The same for `text`; `shown` is its name in messages.
Loaded<Profile> parse_profile(const std::string& shown, const std::string& text,
                              const checks::Catalogue& catalogue);

/// Puts the `timing` of a file that has nothing else (`tcproof doctor --calibrate --write` makes
/// it) over the profile's own.
Loaded<void> load_timing(const std::string& path, const checks::Catalogue& catalogue,
                         Profile& profile);

/// A user's list of expected failures of one target, in the form of a profile's deviations.
struct Baseline {
  std::string name, target;
  std::map<std::string, std::string> made;  // of what: tcproof, date, system
  std::vector<Deviation> deviations;
};

Loaded<Baseline> load_baseline(const std::string& path, const checks::Catalogue& catalogue);

}  // namespace tcproof::harness
