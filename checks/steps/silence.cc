// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "checks/steps/deadline.h"
#include "checks/steps/runner.h"

namespace tcproof::checks {
namespace {

class SilenceRunner : public Runner {
 public:
  SilenceRunner(const Step& step, World& world)
      : step_(step),
        world_(world),
        deadline_(step.limit.now ? Deadline::now() : Deadline::at(limit())) {}

  Progress poll() override {
    if (auto broken = breach()) return Failed{Verdict::fail, *broken};
    if (auto want = deadline_.wait(world_)) return Waits{*want};
    if (auto broken = breach()) return Failed{Verdict::fail, *broken};
    if (!step_.limit.now) world_.plan(limit());
    return Done{step_.limit.now ? world_.now() : limit()};
  }

  Look look() override {
    if (auto broken = breach()) return Refuses{*broken};
    if (auto want = deadline_.wait(world_)) return Waits{*want};
    return Takes{};
  }

 private:
  Instant limit() const {
    Instant from = world_.latest();
    if (step_.since) {
      if (const SavedFrame* saved = world_.names().frame(*step_.since)) from = saved->at;
    }
    return from + step_.limit.duration;
  }

  std::optional<Failure> breach() {
    const std::size_t queues = world_.queues().target_queues();
    for (Queues::Id id = 0; id < queues; ++id) {
      if (step_.has_conn && id != world_.queues().of_connection(step_.conn)) continue;
      const Sighting* head = world_.head(id);
      if (head == nullptr || !deadline_.covers(*head)) continue;
      return world_.failure(step_, *head, {{}, "expected silence"});
    }
    return {};
  }

  const Step& step_;
  World& world_;
  Deadline deadline_;
};

class WaitRunner : public Runner {
 public:
  WaitRunner(const Step& step, World& world)
      : world_(world), until_(world.latest() + step.limit.duration) {}

  Progress poll() override {
    if (!world_.passed(until_)) return Waits{WantTime{until_}};
    world_.plan(until_);
    return Done{until_};
  }

 private:
  World& world_;
  Instant until_;
};

}  // namespace

std::unique_ptr<Runner> make_silence_runner(const Step& step, World& world) {
  return std::make_unique<SilenceRunner>(step, world);
}

std::unique_ptr<Runner> make_wait_runner(const Step& step, World& world) {
  return std::make_unique<WaitRunner>(step, world);
}

}  // namespace tcproof::checks
