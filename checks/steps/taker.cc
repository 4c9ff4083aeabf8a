// SPDX-License-Identifier: Apache-2.0
#include "checks/steps/taker.h"

#include <fmt/format.h>

namespace tcproof::checks {

Taker::Taker(const Step& step, World& world, std::optional<Limit> usual)
    : step_(step),
      world_(world),
      queue_(world.queues().of_step(step)),
      limits_(step, world, queue_, usual) {}

const Sighting* Taker::subject() {
  const Sighting* head = world_.head(queue_);
  if (head == nullptr || !step_.via || *step_.via == head->link) return head;
  return world_.queues().passing(*step_.via, *head);
}

Taker::Result Taker::look() {
  const Sighting* seen = subject();
  if (seen == nullptr) return Result::nothing;
  scope_.emplace(world_.scope(step_.conn, &seen->frame));
  mismatch_ = Matcher(*scope_).frame(step_.frame, *seen);
  if (!mismatch_) mismatch_ = limits_.judge(*seen);
  return mismatch_ ? Result::refused : Result::matches;
}

void Taker::take() {
  world_.bind(*scope_);
  const IsnPair base = scope_->base();
  last_ = subject()->at;
  const Sighting taken = world_.take(queue_, limits_.gap());
  if (step_.save) world_.names().save(*step_.save, taken.frame, taken.at, taken.from_target, base);
  ++count_;
  limits_.taken(last_);
}

Failed Taker::refusal() {
  const Sighting* seen = subject();
  const bool own = !step_.from || *step_.from == world_.one_case().network.target;
  if (limits_.lacks_reference()) {
    return {Verdict::error,
            world_.failure(step_, "there is no frame before to measure the gap from")};
  }
  return {own ? Verdict::fail : Verdict::error, world_.failure(step_, *seen, *mismatch_)};
}

Failed Taker::nothing_came() {
  const bool own = !step_.from || *step_.from == world_.one_case().network.target;
  std::string what = limits_.nothing_came();
  if (step_.via && world_.head(queue_) != nullptr) {
    const auto& links = world_.one_case().network.links;
    what = fmt::format("the frame did not pass {}",
                       *step_.via < links.size() ? links[*step_.via].name : "that link");
  }
  if (step_.times_low > 1) what += fmt::format(", {} of {} frames came", count_, step_.times_low);
  return {own ? Verdict::fail : Verdict::error, world_.failure(step_, std::move(what))};
}

}  // namespace tcproof::checks
