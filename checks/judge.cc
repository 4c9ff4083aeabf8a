// SPDX-License-Identifier: Apache-2.0
#include "checks/judge.h"

#include <algorithm>
#include <array>
#include <deque>

#include <fmt/format.h>

#include "checks/invariant.h"
#include "checks/steps/runner.h"
#include "checks/timing.h"

namespace tcproof::checks {

std::string_view to_string(Verdict verdict) {
  constexpr std::array<std::string_view, 5> names = {"pass", "fail", "inconclusive", "skip",
                                                     "error"};
  return names[static_cast<std::size_t>(verdict)];
}

namespace {

std::string death_text(const TargetDied& died) {
  const std::string_view how = died.how;
  if (how.starts_with("crashed") || how.starts_with("hung")) return "target " + died.how;
  return how.starts_with("the target") ? died.how : "target crashed: " + died.how;
}

}  // namespace

/// The steps of a case, one at work at a time, the rest in a row behind it.
class Judge::Impl {
 public:
  Impl(const Case& one_case, const Trace& trace, Reports reports)
      : world_(one_case, trace, reports), reports_(reports) {
    for (const Step& step : one_case.steps) ahead_.push_back(&step);
    // The first fence gives the case its beginning: the time of the first event, in a stored trace
    // too.
    world_.want_fence();
    want_ = WantFence{};
  }

  void on(const Event& event) {
    if (over_) return;
    world_.on(event);
    if (const auto* died = std::get_if<TargetDied>(&event)) return on_death(*died);
    if (const auto* trouble = std::get_if<Trouble>(&event)) {
      return end(trouble->inconclusive ? Verdict::inconclusive : Verdict::error, trouble->what);
    }
    if (runner_) runner_->on(event);
    advance();
  }

  const Want& want() const { return want_; }
  const Judgement& judgement() const { return judgement_; }

 private:
  void advance() {
    while (!over_) {
      if (world_.fence_outstanding()) {
        want_ = WantFence{};
        return;
      }
      if (auto failed = check_background(world_)) return fail(std::move(*failed));
      if (!runner_) begin();
      Progress progress = runner_->poll();
      if (auto* waits = std::get_if<Waits>(&progress)) {
        want_ = std::move(waits->want);
        if (!std::holds_alternative<WantFence>(want_)) return;
        world_.want_fence();
      } else if (auto* done = std::get_if<Done>(&progress)) {
        finish(*done);
      } else if (auto* chosen = std::get_if<Chosen>(&progress)) {
        choose(*chosen->alternative);
      } else {
        return fail(std::move(std::get<Failed>(progress)));
      }
    }
  }

  void begin() {
    step_ = ahead_.empty() ? nullptr : ahead_.front();
    if (step_ != nullptr) ahead_.pop_front();
    runner_ = step_ != nullptr ? make_runner(*step_, world_) : make_end_runner(world_);
  }

  void finish(const Done& done) {
    runner_.reset();
    if (step_ == nullptr) return end_clean();
    if (done.at) world_.set_previous(*done.at);
    const bool unknown = done.note == undecided;
    if (unknown) state_unknown_ = true;
    report(done.at, unknown ? "not observed" : done.note);
  }

  void report(std::optional<Instant> at, std::string note) {
    if (reports_ == Reports::made)
      judgement_.steps.push_back(world_.report(*step_, at, std::move(note)));
  }

  void choose(const Alternative& alternative) {
    report({}, alternative.label);
    runner_.reset();
    auto at = ahead_.begin();
    for (const Step& step : alternative.steps) at = std::next(ahead_.insert(at, &step));
  }

  void fail(Failed failed) {
    if (step_ != nullptr) {
      StepReport report = world_.report(*step_, failed.failure.at, {});
      report.ok = false;
      judgement_.steps.push_back(std::move(report));
    }
    std::string reason = failed.failure.what;
    if (!failed.failure.got.empty()) reason = fmt::format("{}: {}", failed.failure.got, reason);
    if (failed.verdict == Verdict::skip) return end(Verdict::skip, failed.failure.what);
    judgement_.failures.push_back(std::move(failed.failure));
    if (failed.verdict == Verdict::fail && world_.late()) {
      return end(Verdict::inconclusive,
                 fmt::format("the tester was late by {}", print(*world_.late())));
    }
    end(failed.verdict, std::move(reason));
  }

  void on_death(const TargetDied& died) {
    std::string what = death_text(died);
    Failure failure = step_ != nullptr ? world_.failure(*step_, what) : Failure{};
    failure.at = died.at;
    failure.what = what;
    judgement_.failures.push_back(std::move(failure));
    end(Verdict::fail, std::move(what));
  }

  /// Every step holds. Where states are not shown and the wire permits others than those named, an
  /// `at` is undecided, and so is the case.
  void end_clean() {
    if (state_unknown_) return end(Verdict::inconclusive, "state not observed");
    end(Verdict::pass, {});
  }

  void end(Verdict verdict, std::string reason) {
    over_ = true;
    judgement_.verdict = verdict;
    judgement_.reason = std::move(reason);
    runner_.reset();
    want_ = WantNothing{};
  }

  World world_;
  Reports reports_;
  std::deque<const Step*> ahead_;
  const Step* step_ = nullptr;  // at work; null before the first and behind the last
  std::unique_ptr<Runner> runner_;
  Want want_ = WantNothing{};
  Judgement judgement_;
  bool state_unknown_ = false, over_ = false;
};

Judge::Judge(const Case& one_case, const Trace& trace, Reports reports)
    : impl_(std::make_unique<Impl>(one_case, trace, reports)) {}
Judge::~Judge() = default;

void Judge::on(const Event& event) {
  impl_->on(event);
}
const Want& Judge::want() const {
  return impl_->want();
}
const Judgement& Judge::judgement() const {
  return impl_->judgement();
}

namespace {

void check_invariants(const Case& one_case, const Trace& trace, Judgement& judgement) {
  const Transcript transcript(one_case, trace);
  const bool step_failed = !judgement.failures.empty();
  for (const Invariant& invariant : all_invariants()) {
    if (invariant.repeats_steps && step_failed) continue;
    if (one_case.waive.contains(std::string(invariant.name))) continue;
    std::vector<Failure> failures;
    invariant.check(one_case, transcript, failures);
    for (Failure& failure : failures) {
      failure.invariant = invariant.name;
      failure.level = invariant.level;
      if (failure.requirements.empty()) failure.requirements = {std::string(invariant.requirement)};
      judgement.failures.push_back(std::move(failure));
    }
  }
}

}  // namespace

Judgement judge(const Case& one_case, const Trace& trace, Reports reports) {
  Judge steps(one_case, trace, reports);
  for (const Event& event : trace.events()) {
    if (std::holds_alternative<WantNothing>(steps.want())) break;
    steps.on(event);
  }
  Judgement judgement = steps.judgement();
  if (!std::holds_alternative<WantNothing>(steps.want())) {
    judgement.verdict = Verdict::error;
    judgement.reason = "the trace ends before the case";
    return judgement;
  }
  if (judgement.verdict == Verdict::skip || judgement.verdict == Verdict::error) return judgement;
  // A target may also die of its end.
  const auto* died =
      trace.events().empty() ? nullptr : std::get_if<TargetDied>(&trace.events().back());
  if (died != nullptr && judgement.verdict == Verdict::pass) {
    judgement.verdict = Verdict::fail;
    judgement.reason = death_text(*died);
    Failure& failure = judgement.failures.emplace_back();
    failure.at = died->at;
    failure.what = judgement.reason;
  }
  const std::size_t before = judgement.failures.size();
  check_invariants(one_case, trace, judgement);
  // A broken invariant needs no clock, but one of an attempt that is tried again is judged then.
  const bool clean = judgement.verdict == Verdict::pass ||
                     (judgement.verdict == Verdict::inconclusive && before == 0);
  if (judgement.failures.size() > before && clean) {
    judgement.verdict = Verdict::fail;
    judgement.reason = fmt::format("{}: {}", judgement.failures[before].invariant,
                                   judgement.failures[before].what);
  }
  return judgement;
}

}  // namespace tcproof::checks
