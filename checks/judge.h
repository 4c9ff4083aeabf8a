// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "checks/case.h"
#include "checks/trace.h"

namespace tcproof::checks {

enum class Verdict : std::uint8_t { pass, fail, inconclusive, skip, error };
std::string_view to_string(Verdict verdict);

/// How a step went, for the report. Steps that never began are absent.
struct StepReport {
  StepId step = 0;
  bool ok = true;
  Instant at{};       // its instant
  std::string shown;  // for frames: what came or went, in the notation; else as written
  std::string note;   // "implied", the label of the alternative, ...
  std::vector<std::size_t> events;  // of the trace: the frames it sent or took
};

/// A report of each step is text for a reader; who only wants the verdict does without.
enum class Reports : std::uint8_t { made, none };

/// One thing that is wrong: a step or an invariant.
struct Failure {
  std::optional<StepId> step;
  std::string invariant;  // name, if it is one
  Level level = Level::must;
  std::vector<std::string> requirements;  // of the step's covers, or the invariant's
  Instant at{};
  std::string expected;                     // ".  1:1001(1000) ack 1", or the step as written
  std::string got;                          // ".  1:1441(1440) ack 1", empty if nothing came
  std::size_t caret = 0, caret_length = 0;  // under `got`
  std::string what;                         // "end 1441, expected 1001"; "nothing came within 1 s"
};

struct Judgement {
  Verdict verdict = Verdict::pass;
  std::string reason;  // of inconclusive, skip, error; of fail: the first failure in a line
  std::vector<StepReport> steps;
  std::vector<Failure> failures;  // a failed step first, then the invariants
};

/// What must happen next for the case to go on.
struct WantSend {
  StepId step = 0;  // also for the automatic acknowledgments of `acked: true`
  struct Frame {
    LinkId link;
    HostId from;
    wire::Buffer octets;
  };
  /// Put on the wire in this order, back to back. The judge's own, until the next event.
  std::span<const Frame> frames;
};
struct WantCall {
  StepId step = 0;
  const Step* what = nullptr;
};
struct WantWithdraw {
  StepId step = 0;
};  // end a pending call: it returns `nothing`
struct WantState {
  ConnId conn = 0;
};  // look the state up, now
struct WantFence {};
/// Any frame, call return or reported state, or else TimePassed(until).
struct WantTime {
  Instant until;
};
struct WantNothing {};  // the case is over
using Want =
    std::variant<WantSend, WantCall, WantWithdraw, WantState, WantFence, WantTime, WantNothing>;

/// Runs a case against a trace, event by event, and says what it needs next. It is a pure function
/// of both: feeding a stored trace to a new judge gives the same wants and the same judgement.
/// `one_case` and `trace` outlive the judge.
class Judge {
 public:
  Judge(const Case& one_case, const Trace& trace, Reports reports = Reports::made);
  ~Judge();
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  /// `event` was just added to the trace.
  void on(const Event& event);
  /// What is wanted now; the same answer until the next event.
  const Want& want() const;
  /// Complete once want() is WantNothing. Invariants are not in it: see judge().
  const Judgement& judgement() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The verdict of a whole trace: the steps, then every invariant the case does not waive.
Judgement judge(const Case& one_case, const Trace& trace, Reports reports = Reports::made);

}  // namespace tcproof::checks
