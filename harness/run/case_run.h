// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "checks/judge.h"
#include "harness/run/bench.h"
#include "harness/run/tester_host.h"

namespace tcproof::harness {

/// One attempt of one case: carries what the judge wants to the bench and what happens there to the judge.
/// No I/O of its own, no thread, no clock: a scheduler calls poll() and waits as told.
class CaseRun {
 public:
  /// Both outlive the run.
  CaseRun(const checks::Case& one_case, Bench& bench);

  /// Does everything that can be done now. Returns when the attempt wants to be polled again at the latest
  /// (earlier if the bench has something); empty: it is over.
  std::optional<Instant> poll();

  bool over() const { return over_; }
  const checks::Trace& trace() const { return trace_; }
  checks::Trace take_trace();

 private:
  const checks::Case& case_;
  Bench& bench_;
  checks::Trace trace_;
  checks::Judge judge_;
  TesterHost tester_;
  std::size_t judged_ = 0;  // events already given to the judge
  bool over_ = false;
};

/// Runs the attempt to its end in virtual time. Bounded: a target that never comes to rest at one instant
/// gets a TargetDied.
checks::Trace run_virtual(const checks::Case& one_case, VirtualBench& bench);

}  // namespace tcproof::harness
