// SPDX-License-Identifier: Apache-2.0
// The target's octets follow each other: no segment begins beyond what has been sent so far.
//
// Exceptions: a RST that answers a segment takes its number from there (RFC 9293 3.10.7.1); a
// keep-alive or a probe stands at SND.NXT-1, which is not beyond.
#include <fmt/format.h>

#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"

namespace tcproof::checks {

void check_sequence(const Case&, const Transcript& transcript, Failures& out) {
  for (const Flow& flow : transcript.flows()) {
    std::optional<wire::Seq> next;
    for (const FlowSegment& segment : flow.segments) {
      if (!segment.from_target || segment.has(wire::flag::rst)) continue;
      if (!next && !segment.has(wire::flag::syn)) continue;
      if (next && wire::lt(*next, segment.seq)) {
        const wire::Seq isn = segment.sighting->target_isn;
        out.push_back(failure_at(*segment.sighting,
                                 fmt::format("begins at {}, but only {} has been sent",
                                             relative(segment.seq, isn), relative(*next, isn))));
        break;
      }
      if (!next || wire::lt(*next, segment.end())) next = segment.end();
    }
  }
}

}  // namespace tcproof::checks
