// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checks/steps/frame_limits.h"
#include "checks/steps/runner.h"

namespace tcproof::checks {

/// Takes the frames of one `expect`, by itself or as a member of an unordered.
class Taker {
 public:
  Taker(const Step& step, World& world, std::optional<Limit> usual = {});

  enum class Result { nothing, matches, refused };
  /// Compares the head of the queue; changes nothing.
  Result look();
  /// Takes the head that look() found to match.
  void take();
  /// As many as must be have come; as many as may be have come.
  bool satisfied() const { return count_ >= step_.times_low || (step_.optional && count_ == 0); }
  bool full() const { return count_ >= step_.times_high; }
  bool took_any() const { return count_ > 0; }

  const Step& step() const { return step_; }
  Queues::Id queue() const { return queue_; }
  Deadline& deadline() { return limits_.deadline(); }
  Instant last() const { return last_; }
  /// Why look() refused, or that nothing came.
  Failed refusal();
  Failed nothing_came();

 private:
  /// The frame to compare: the target's own, or its copy on the link of `via`; null: not there yet.
  const Sighting* subject();

  const Step& step_;
  World& world_;
  Queues::Id queue_;
  FrameLimits limits_;
  std::uint32_t count_ = 0;
  Instant last_{};
  std::optional<StepScope> scope_;
  std::optional<Mismatch> mismatch_;
};

}  // namespace tcproof::checks
