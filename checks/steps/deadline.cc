// SPDX-License-Identifier: Apache-2.0
#include "checks/steps/deadline.h"

namespace tcproof::checks {

std::optional<Want> Deadline::wait(const World& world) {
  if (closed_) return {};
  if (limit_) {
    if (!world.passed(*limit_)) return WantTime{*limit_};
    if (world.one_case().virtual_time) return {};
  } else if (!fences_before_ && world.fenced()) {
    closed_ = world.fence_event();
    return {};
  }
  if (!fences_before_) fences_before_ = world.fences();
  if (world.fences() == *fences_before_) return WantFence{};
  closed_ = world.fence_event();
  return {};
}

bool Deadline::covers(const Sighting& sighting) const {
  if (limit_) return sighting.at <= *limit_;
  return !closed_ || sighting.event < *closed_;
}

}  // namespace tcproof::checks
