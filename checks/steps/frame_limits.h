// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checks/steps/deadline.h"

namespace tcproof::checks {

/// The times that one step sets for its frames: `within`, `after`, `gap`, `since`, judged for each
/// frame against the one before. Limits are the RFC's, so only the error of measurement is allowed
/// on them.
class FrameLimits {
 public:
  /// `usual` is the limit without `within`; empty: the profile's time to answer.
  FrameLimits(const Step& step, World& world, Queues::Id queue, std::optional<Limit> usual = {});

  /// For the next frame.
  Deadline& deadline() { return deadline_; }
  /// Why a frame of this time is wrong; empty if it is right. Fills gap().
  std::optional<Mismatch> judge(const Sighting& sighting);
  /// What the frame judged last says about the timer behind it.
  const std::optional<Interval>& gap() const { return gap_; }
  /// The step took a frame; the next one counts from there.
  void taken(Instant at);
  /// "nothing came within 1 s"
  std::string nothing_came() const;
  /// The step has a `gap` and nothing to measure it from.
  bool lacks_reference() const;

 private:
  Deadline next_deadline() const;
  Duration allowed() const;

  const Step& step_;
  World& world_;
  Queues::Id queue_;
  std::optional<Limit> within_;
  Instant reference_;
  std::optional<Interval> gap_;
  Deadline deadline_;
};

}  // namespace tcproof::checks
