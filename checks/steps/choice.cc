// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "checks/steps/taker.h"

namespace tcproof::checks {
namespace {

/// What must be waited for when several steps wait: a fence before a time, the earliest time before
/// later ones.
void join(std::optional<Want>& all, const Want& one) {
  const auto rank = [](const Want& want) {
    const auto* time = std::get_if<WantTime>(&want);
    return time != nullptr ? time->until : Instant::min();
  };
  if (!all || rank(one) < rank(*all)) all = one;
}

/// `unordered`: each frame goes to the first member that it fits.
class UnorderedRunner : public Runner {
 public:
  UnorderedRunner(const Step& step, World& world) : world_(world) {
    for (const Step& member : step.members)
      takers_.push_back(std::make_unique<Taker>(member, world, step.within));
  }

  Progress poll() override {
    while (take_one()) {
    }
    if (everything(&Taker::full)) return finished();
    if (Taker* refused = refused_head()) {
      if (everything(&Taker::satisfied)) return finished();
      return refused->refusal();
    }
    std::optional<Want> want;
    for (const auto& taker : takers_) {
      if (taker->full()) continue;
      const auto one = taker->deadline().wait(world_);
      if (one) {
        join(want, *one);
      } else if (!taker->satisfied()) {
        return taker->nothing_came();
      }
    }
    return want ? Progress(Waits{*want}) : finished();
  }

 private:
  bool everything(bool (Taker::*holds)() const) const {
    return std::all_of(takers_.begin(), takers_.end(),
                       [&](const auto& taker) { return ((*taker).*holds)(); });
  }

  bool take_one() {
    for (const auto& taker : takers_) {
      if (taker->full() || taker->look() != Taker::Result::matches) continue;
      taker->take();
      last_ = std::max(last_.value_or(taker->last()), taker->last());
      return true;
    }
    return false;
  }

  /// A member whose queue has a frame that no member takes.
  Taker* refused_head() {
    for (const auto& taker : takers_) {
      if (!taker->full() && taker->look() == Taker::Result::refused) return taker.get();
    }
    return nullptr;
  }

  Progress finished() const { return Done{last_}; }

  World& world_;
  std::vector<std::unique_ptr<Taker>> takers_;
  std::optional<Instant> last_;
};

/// `one-of`: the first alternative whose first step takes the frame, or whose silence lasts.
class OneOfRunner : public Runner {
 public:
  OneOfRunner(const Step& step, World& world) : step_(step), world_(world) {
    for (const Alternative& alternative : step.alternatives) {
      firsts_.push_back(alternative.steps.empty() ? nullptr
                                                  : make_runner(alternative.steps.front(), world));
    }
  }

  Progress poll() override {
    std::optional<Want> want;
    std::optional<Failure> first_refusal;
    for (std::size_t i = 0; i < firsts_.size(); ++i) {
      if (!firsts_[i]) return Chosen{&step_.alternatives[i]};
      const Look look = firsts_[i]->look();
      if (std::holds_alternative<Takes>(look)) return Chosen{&step_.alternatives[i]};
      if (const auto* waits = std::get_if<Waits>(&look)) join(want, waits->want);
      const auto* refuses = std::get_if<Refuses>(&look);
      if (refuses != nullptr &&
          (!first_refusal || (first_refusal->got.empty() && !refuses->failure.got.empty()))) {
        first_refusal = refuses->failure;
      }
    }
    if (want) return Waits{*want};
    // Whichever came nearest is shown; what has failed is what each of them tests.
    const Failure none = world_.failure(step_, "no alternative");
    Failure failure = first_refusal.value_or(none);
    failure.level = none.level;
    failure.requirements = none.requirements;
    return Failed{Verdict::fail, std::move(failure)};
  }

 private:
  const Step& step_;
  World& world_;
  std::vector<std::unique_ptr<Runner>> firsts_;
};

}  // namespace

std::unique_ptr<Runner> make_unordered_runner(const Step& step, World& world) {
  return std::make_unique<UnorderedRunner>(step, world);
}

std::unique_ptr<Runner> make_one_of_runner(const Step& step, World& world) {
  return std::make_unique<OneOfRunner>(step, world);
}

}  // namespace tcproof::checks
