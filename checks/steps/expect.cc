// SPDX-License-Identifier: Apache-2.0
#include "checks/steps/taker.h"

namespace tcproof::checks {
namespace {

class ExpectRunner : public Runner {
 public:
  ExpectRunner(const Step& step, World& world) : world_(world), taker_(step, world) {}

  Progress poll() override {
    while (!taker_.full()) {
      const Taker::Result result = taker_.look();
      if (result == Taker::Result::matches) {
        taker_.take();
        continue;
      }
      if (result == Taker::Result::refused) {
        if (taker_.satisfied()) return finished();
        return taker_.refusal();
      }
      if (auto want = taker_.deadline().wait(world_)) return Waits{*want};
      return over();
    }
    return finished();
  }

  Look look() override {
    const Taker::Result result = taker_.look();
    if (result == Taker::Result::matches) return Takes{};
    if (result == Taker::Result::refused) return Refuses{taker_.refusal().failure};
    if (auto want = taker_.deadline().wait(world_)) return Waits{*want};
    return Refuses{taker_.nothing_came().failure};
  }

 private:
  Progress over() {
    if (!taker_.satisfied()) return taker_.nothing_came();
    // It waited in vain: the next step counts from here, or it would have no time left.
    return taker_.took_any() ? finished() : Progress(Done{world_.now(), "nothing came"});
  }
  Progress finished() {
    if (!taker_.took_any()) return Done{{}, "not there"};
    return Done{taker_.last()};
  }

  World& world_;
  Taker taker_;
};

}  // namespace

std::unique_ptr<Runner> make_expect_runner(const Step& step, World& world) {
  return std::make_unique<ExpectRunner>(step, world);
}

}  // namespace tcproof::checks
