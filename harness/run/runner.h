// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "checks/case.h"
#include "harness/report/result.h"
#include "harness/targets/target.h"
#include "stack/wire/time.h"

namespace tcproof::harness {

// How to run many cases:
//
//   std::vector<std::shared_ptr<const checks::Case>> cases = ...;   // made before: workers share them
//   RunPlan plan;
//   plan.count = cases.size();
//   plan.make = [&](std::size_t i) { return cases[i]; };
//   plan.jobs = 4;
//   const RunEnd end = run_suite(**target, plan, [&](std::size_t i, CaseResult result) { ... });
//
// Cases run in worker processes, which are forked here: the calling process must not have another
// thread. Each trace comes back and is judged in the calling process, so that a target which
// corrupts its memory cannot touch a verdict.

struct RunPlan {
  std::size_t count = 0;
  /// Instance `index` of 0 .. count-1, the same at every call. Called in the workers to run it and
  /// in the parent to judge it, so a list of ready cases is fastest.
  std::function<std::shared_ptr<const checks::Case>(std::size_t index)> make;
  std::uint32_t jobs = 1;
  /// How often an attempt that came out inconclusive, or could not begin, is made again: the first
  /// time when the others are over, beside at most seven like it, then with nothing beside it. In
  /// virtual time it would come out the same, so there are none.
  std::uint32_t retries = 4;
  /// A case in virtual time that takes longer than this in real time hangs.
  Duration hangs_after = 10s;
  /// Added to `late` of cases that run beside each other in real time; empty: the profile's.
  std::optional<Duration> parallel;
  /// Hand traces of passed cases over too.
  bool keep_traces = false;
};

struct RunEnd {
  bool interrupted = false;  // SIGINT or SIGTERM came; cases without a result were not finished
  /// The target cannot run here at all, or worker processes cannot live here: why the rest has no
  /// result.
  std::optional<EnvironmentError> unavailable;
};

/// Called in order of completion, once for each case. The expectation is left to the caller.
/// `trace` is empty for a pass unless keep_traces.
using OnResult = std::function<void(std::size_t index, CaseResult result)>;

/// Runs them all. Blocks SIGINT and SIGTERM while it does and stops handing out cases when one
/// comes; leaves no process behind.
RunEnd run_suite(Target& target, const RunPlan& plan, const OnResult& on_result);

}  // namespace tcproof::harness
