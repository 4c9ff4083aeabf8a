// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "checks/acceptor/segment_class.h"
#include "checks/acceptor/state_set.h"
#include "checks/case.h"

namespace tcproof::checks {

/// The state table as the acceptor needs it: which states an event may lead to, all reactions that
/// are right taken together. Made of the same file as the generated cases.
struct StateRules {
  struct OfSegment {
    SegmentClass segment;
    StateSet next;
  };
  struct OfCall {
    State from = State::closed;
    Call::Verb verb = Call::Verb::close;
    StateSet next;
  };
  /// By the state the segment arrives in; each class once.
  std::array<std::vector<OfSegment>, state_count> segments;
  std::vector<OfCall> calls;
};

}  // namespace tcproof::checks
