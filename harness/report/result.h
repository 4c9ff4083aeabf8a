// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checks/case.h"
#include "checks/judge.h"
#include "checks/trace.h"

namespace tcproof::harness {

/// What an expected failure did to a verdict.
enum class Expectation : std::uint8_t { none, expected, unexpected, stale };

/// One case of one run, finished.
struct CaseResult {
  std::string id, cell, name;
  checks::Judgement judgement;
  Expectation expectation = Expectation::none;
  std::string deviation_reason;  // of an expected failure
  std::uint32_t attempts = 1;
  std::uint64_t seed = 0;
  Duration virtual_duration{};                   // on the target's clock, first event to last
  std::shared_ptr<const checks::Case> one_case;  // empty for a skip
  std::shared_ptr<const checks::Trace> trace;    // kept on a failure, or when asked for
};

/// A whole run, cases sorted by id and cell order. Only `host` differs between two runs of one seed
/// on a virtual target.
struct RunResult {
  static constexpr int version = 1;
  std::string target;  // the profile's name
  std::uint64_t seed = 0;
  std::vector<CaseResult> cases;
  struct StaleDeviation {
    std::string key, reason;
  };
  std::vector<StaleDeviation> stale;
  struct Host {
    std::string tcproof, target, kernel, started;  // versions and the wall-clock start
    Duration wall{};
    std::string shard;  // "2/8"; empty: the whole run
    std::uint32_t jobs = 1;
  } host;
  bool interrupted = false;
};

}  // namespace tcproof::harness
