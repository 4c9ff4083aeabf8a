// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "checks/acceptor/acceptor.h"
#include "checks/steps/runner.h"
#include "checks/transcript.h"

namespace tcproof::checks {
namespace {

/// `at`: a fence, then look-ups until the state is one of those named, or the time is over.
class AtRunner : public Runner {
 public:
  AtRunner(const Step& step, World& world) : step_(step), world_(world) {}

  void on(const Event& event) override {
    const auto* seen = std::get_if<StateSeen>(&event);
    if (seen != nullptr && seen->conn == step_.conn && !seen->reported && asked_) {
      state_ = seen->state;
      asked_ = false;
    } else if (state_ && changes_something(event)) {
      state_.reset();
    }
  }

  Progress poll() override {
    if (!settled_ && !world_.fenced()) return Waits{WantFence{}};
    if (world_.one_case().state_report == StateReport::none) return implied();
    if (!settled_) {
      settled_ = true;
      limit_ = world_.now() + within();
    }
    if (!state_) {
      asked_ = true;
      return Waits{WantState{step_.conn}};
    }
    if (std::find(step_.states.begin(), step_.states.end(), *state_) != step_.states.end()) {
      if (pause_ != Duration{}) world_.plan(world_.now());  // it had to be waited for
      return Done{};
    }
    if (within() == Duration{} || world_.passed(limit_))
      return wrong(std::string(to_string(*state_)));
    return Waits{WantTime{next_look()}};
  }

 private:
  Duration within() const {
    if (!step_.within) return world_.one_case().timing.answer;
    return step_.within->now ? Duration{} : step_.within->duration;
  }

  /// The state may have changed since the last look. Reported transitions and frames say so by
  /// themselves; where nothing is reported in time, pauses that grow keep the number of looks
  /// small.
  static bool changes_something(const Event& event) {
    return std::holds_alternative<TimePassed>(event) || std::holds_alternative<FrameSeen>(event) ||
           std::holds_alternative<StateSeen>(event);
  }

  Instant next_look() {
    if (!next_look_ || world_.passed(*next_look_)) {
      pause_ = pause_ == Duration{} ? Duration(1ms) : 2 * pause_;
      next_look_ =
          world_.one_case().virtual_time ? limit_ : std::min(limit_, world_.now() + pause_);
    }
    return *next_look_;
  }

  /// Where the target cannot be asked, the wire answers: against the states that it permits up to
  /// the fence, whatever the trace holds behind it.
  Progress implied() const {
    const Transcript transcript(world_.one_case(), world_.trace());
    const StateSet permitted =
        permitted_states(world_.one_case(), transcript, step_.conn, world_.fence_event());
    const StateSet named = expected();
    if ((permitted & named).empty()) return wrong(fmt::format("implied {}", to_string(permitted)));
    return Done{{}, std::string((permitted - named).empty() ? "implied" : undecided)};
  }

  Failed wrong(std::string got) const {
    Failure failure = world_.failure(step_, fmt::format("expected {}", to_string(expected())));
    failure.got = std::move(got);
    failure.caret_length = failure.got.size();
    return {Verdict::fail, std::move(failure)};
  }

  StateSet expected() const {
    StateSet named;
    for (const State state : step_.states) named.add(state);
    return named;
  }

  const Step& step_;
  World& world_;
  bool settled_ = false, asked_ = false;
  Instant limit_{};
  std::optional<State> state_;
  std::optional<Instant> next_look_;
  Duration pause_{};
};

}  // namespace

std::unique_ptr<Runner> make_at_runner(const Step& step, World& world) {
  return std::make_unique<AtRunner>(step, world);
}

}  // namespace tcproof::checks
