// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "checks/steps/runner.h"

namespace tcproof::checks {
namespace {

std::string joined(const std::vector<State>& states) {
  std::vector<std::string_view> names;
  for (const State state : states) names.push_back(to_string(state));
  return fmt::format("{}", fmt::join(names, ", "));
}

/// The states of a connection as they were shown, each change once, from CLOSED on.
std::vector<State> path_of(const World& world, ConnId conn) {
  const Case& one_case = world.one_case();
  std::vector<State> path = {State::closed};
  const bool every = one_case.state_report == StateReport::every;
  for (std::size_t i = 0; i <= world.event_index(); ++i) {
    const auto* seen = std::get_if<StateSeen>(&world.trace().events()[i]);
    if (seen == nullptr || seen->conn != conn || (every && !seen->reported)) continue;
    if (path.back() != seen->state) path.push_back(seen->state);
  }
  return path;
}

bool is_subsequence(const std::vector<State>& part, const std::vector<State>& whole) {
  std::size_t next = 0;
  for (const State state : whole) {
    if (next < part.size() && part[next] == state) ++next;
  }
  return next == part.size();
}

/// Behind the last step: a last fence, calls that still wait, frames that nobody expected, the
/// states' path.
class EndRunner : public Runner {
 public:
  explicit EndRunner(World& world) : world_(world) {}

  Progress poll() override {
    if (auto waits = background()) return *waits;
    if (!settled_ && !world_.fenced()) return Waits{WantFence{}};
    settled_ = true;
    if (auto failed = left_over()) return *failed;
    if (auto failed = transitions()) return *failed;
    return Done{};
  }

 private:
  std::optional<Progress> background() {
    if (world_.background().empty()) return {};
    if (!settled_ && !world_.fenced()) return Waits{WantFence{}};
    const Step& step = *world_.background().front();
    const auto& outcomes = step.returns.outcomes;
    if (std::find(outcomes.begin(), outcomes.end(), Outcome::nothing) != outcomes.end()) {
      return Waits{WantWithdraw{step.id}};
    }
    const Timing& timing = world_.one_case().timing;
    const Duration within =
        step.within && !step.within->now ? step.within->duration : timing.answer;
    const Instant limit = world_.latest() + within + timing.measure;
    if (!world_.passed(limit)) return Waits{WantTime{limit}};
    return Failed{Verdict::fail,
                  world_.failure(step, "the call did not return by the end of the case")};
  }

  Failure failure(std::string name, std::string what) const {
    Failure failure;
    failure.invariant = std::move(name);
    failure.requirements = world_.one_case().covers;
    failure.at = world_.now();
    failure.what = std::move(what);
    return failure;
  }

  std::optional<Failed> left_over() {
    for (Queues::Id id = 0; id < world_.queues().target_queues(); ++id) {
      const Sighting* head = world_.head(id);
      if (head == nullptr) continue;
      Failure failed = failure("nothing-left-over", "a frame that no step expects");
      const World::Shown shown = world_.show(*head, {});
      failed.at = head->at;
      failed.got = shown.text;
      failed.caret_length = shown.caret_length;
      return Failed{Verdict::fail, std::move(failed)};
    }
    if (world_.incomplete_fragments() > 0) {
      return Failed{Verdict::fail,
                    failure("nothing-left-over",
                            fmt::format("{} fragments of packets that never became whole",
                                        world_.incomplete_fragments()))};
    }
    return {};
  }

  std::optional<Failed> transitions() {
    const Case& one_case = world_.one_case();
    if (one_case.state_report == StateReport::none) return {};
    for (const auto& [conn, wanted] : one_case.transitions) {
      const std::vector<State> path = path_of(world_, conn);
      const bool every = one_case.state_report == StateReport::every;
      const bool right = every ? path == wanted
                               : is_subsequence(path, wanted) && !wanted.empty() &&
                                     path.front() == wanted.front() && path.back() == wanted.back();
      if (right) continue;
      Failure failed = failure("transitions", fmt::format("expected {}", joined(wanted)));
      failed.expected = joined(wanted);
      failed.got = joined(path);
      failed.caret_length = failed.got.size();
      return Failed{Verdict::fail, std::move(failed)};
    }
    return {};
  }

  World& world_;
  bool settled_ = false;
};

}  // namespace

std::unique_ptr<Runner> make_end_runner(World& world) {
  return std::make_unique<EndRunner>(world);
}

}  // namespace tcproof::checks
