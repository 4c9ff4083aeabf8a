// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "checks/judge.h"
#include "harness/run/bench.h"
#include "harness/run/tester_host.h"

namespace tcproof::harness {

/// One attempt of one case: carries what the judge wants to the bench and what happens there to the
/// judge. No I/O of its own, no thread, no clock: a scheduler calls poll() and waits as told.
class CaseRun {
 public:
  /// Both outlive the run.
  CaseRun(const checks::Case& one_case, Bench& bench);

  /// Does everything that can be done now. Returns when the attempt wants to be polled again at the
  /// latest (earlier if the bench has something); empty: it is over. Instant::max(): only the bench
  /// can tell.
  std::optional<Instant> poll();

  /// Ends the attempt where it stands, with `event` (a TargetDied or a Trouble) as its last one.
  void end_with(checks::Event event);

  bool over() const { return over_; }
  const checks::Trace& trace() const { return trace_; }
  checks::Trace take_trace();

 private:
  /// Takes what the bench has, gives every new event to the judge and answers for the tester's
  /// hosts. True if there was anything new.
  bool absorb();
  /// Does what the judge wants. True if it must be asked again now, false if the attempt has to
  /// wait.
  bool act(Instant now);
  bool wait_until(Instant until, Instant now);
  bool ask_for_fence(Instant now);
  std::optional<Instant> wake_up() const;

  const checks::Case& case_;
  Bench& bench_;
  checks::Trace trace_;
  checks::Judge judge_;
  TesterHost tester_;
  std::size_t judged_ = 0;  // events already given to the judge
  bool over_ = false;
  std::optional<Instant> fence_asked_;       // a fence is under way since then
  std::optional<checks::StepId> withdrawn_;  // its return has not been seen yet
};

/// Runs the attempt to its end in virtual time. Bounded: a target that never comes to rest at one
/// instant gets a TargetDied.
checks::Trace run_virtual(const checks::Case& one_case, VirtualBench& bench);
/// The same for a run that the caller holds, so that it can look at the trace if the target brings
/// the process down.
void drive_virtual(CaseRun& run, VirtualBench& bench);

}  // namespace tcproof::harness
