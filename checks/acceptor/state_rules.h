// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "checks/acceptor/segment_class.h"
#include "checks/acceptor/state_set.h"
#include "checks/case.h"

namespace tcproof::checks {

/// The state table as the acceptor needs it: which states an event may lead to, all reactions that
/// are right taken together. Made of the same file as the generated cases.
struct StateRules {
  struct OfSegment {
    State from = State::closed;
    SegmentClass segment;
    StateSet next;
  };
  struct OfCall {
    State from = State::closed;
    Call::Verb verb = Call::Verb::close;
    StateSet next;
  };
  std::vector<OfSegment> segments;
  std::vector<OfCall> calls;
};

}  // namespace tcproof::checks
