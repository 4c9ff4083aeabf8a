// SPDX-License-Identifier: Apache-2.0
// The target's acknowledgment never moves back, and never covers what the tester has not sent.
//
// Exception: a RST that answers a segment without a connection takes its numbers from that segment
// (RFC 9293 3.10.7.1), so RSTs are not looked at.
#include <fmt/format.h>

#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"

namespace tcproof::checks {

void check_acknowledgment(const Case&, const Transcript& transcript, Failures& out) {
  for (const Flow& flow : transcript.flows()) {
    std::optional<wire::Seq> highest, sent;
    for (const FlowSegment& segment : flow.segments) {
      if (!segment.from_target) {
        if (!segment.has(wire::flag::rst) && (!sent || wire::lt(*sent, segment.end())))
          sent = segment.end();
        continue;
      }
      if (!segment.has(wire::flag::ack) || segment.has(wire::flag::rst)) continue;
      const wire::Seq isn = segment.sighting->tester_isn;
      if (highest && wire::lt(segment.ack, *highest)) {
        out.push_back(failure_at(*segment.sighting,
                                 fmt::format("ack {} after ack {}", relative(segment.ack, isn),
                                             relative(*highest, isn))));
        break;
      }
      if (sent && wire::lt(*sent, segment.ack)) {
        out.push_back(failure_at(*segment.sighting,
                                 fmt::format("ack {}, but the tester has only sent up to {}",
                                             relative(segment.ack, isn), relative(*sent, isn))));
        break;
      }
      highest = segment.ack;
    }
  }
}

}  // namespace tcproof::checks
