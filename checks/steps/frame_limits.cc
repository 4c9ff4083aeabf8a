// SPDX-License-Identifier: Apache-2.0
#include "checks/steps/frame_limits.h"

#include <fmt/format.h>

namespace tcproof::checks {
namespace {

Instant reference_of(const Step& step, World& world) {
  if (step.since) {
    if (const SavedFrame* saved = world.names().frame(*step.since)) return saved->at;
  }
  return world.previous();
}

std::string print_gap(const Gap& gap) {
  if (gap.ratio) {
    return gap.low_ratio == gap.high_ratio
               ? fmt::format("{:g}x", gap.low_ratio)
               : fmt::format("{:g}x..{:g}x", gap.low_ratio, gap.high_ratio);
  }
  return gap.low == gap.high ? print(gap.low)
                             : fmt::format("{}..{}", print(gap.low), print(gap.high));
}

}  // namespace

FrameLimits::FrameLimits(const Step& step, World& world, Queues::Id queue,
                         std::optional<Limit> usual)
    : step_(step),
      world_(world),
      queue_(queue),
      within_(step.within ? step.within : usual),
      reference_(reference_of(step, world)),
      deadline_(next_deadline()) {}

bool FrameLimits::lacks_reference() const {
  if (!step_.gap) return false;
  const Queues::Queue& queue = world_.queues()[queue_];
  return !queue.last || (step_.gap->ratio && !queue.last_gap);
}

Duration FrameLimits::allowed() const {
  return (within_ ? within_->duration : world_.one_case().timing.answer) +
         world_.one_case().timing.measure;
}

Deadline FrameLimits::next_deadline() const {
  if (within_ && within_->now) return Deadline::now();
  if (!within_ && step_.gap && !lacks_reference()) {
    const Queues::Queue& queue = world_.queues()[queue_];
    return Deadline::at(*queue.last +
                        longest_gap(*step_.gap, queue.last_gap, world_.one_case().timing));
  }
  return Deadline::at(reference_ + allowed());
}

std::optional<Mismatch> FrameLimits::judge(const Sighting& sighting) {
  const Timing& timing = world_.one_case().timing;
  const Duration since = sighting.at - reference_;
  gap_.reset();
  if (step_.gap) {
    const Queues::Queue& queue = world_.queues()[queue_];
    const Duration measured = sighting.at - queue.last.value_or(sighting.at);
    gap_ = judge_gap(*step_.gap, measured, queue.last_gap, timing);
    if (!gap_) {
      const std::string before =
          step_.gap->ratio && queue.last_gap
              ? fmt::format(" of {}..{}", print(queue.last_gap->low), print(queue.last_gap->high))
              : "";
      return Mismatch{{},
                      fmt::format("a gap of {}, expected {}{}", print(measured),
                                  print_gap(*step_.gap), before)};
    }
  }
  if (!deadline_.covers(sighting)) {
    if (deadline_.is_now())
      return Mismatch{{}, fmt::format("it came after {}, expected at once", print(since))};
    if (!step_.gap || within_) {
      return Mismatch{{},
                      fmt::format("it came after {}, expected within {}", print(since),
                                  print(allowed() - timing.measure))};
    }
  }
  if (step_.after && since < *step_.after - timing.measure) {
    return Mismatch{{},
                    fmt::format("it came after {}, expected after {} at the earliest", print(since),
                                print(*step_.after))};
  }
  return {};
}

void FrameLimits::taken(Instant at) {
  reference_ = at;
  deadline_ = next_deadline();
}

std::string FrameLimits::nothing_came() const {
  if (deadline_.is_now()) return "nothing came at once";
  if (step_.gap && !within_)
    return fmt::format("nothing came, expected after a gap of {}", print_gap(*step_.gap));
  return fmt::format("nothing came within {}", print(allowed() - world_.one_case().timing.measure));
}

}  // namespace tcproof::checks
