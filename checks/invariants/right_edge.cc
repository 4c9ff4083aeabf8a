// SPDX-License-Identifier: Apache-2.0
// The right edge of the target's receive window does not move to the left (a SHOULD NOT).
//
// Exceptions: a scaled window may lose what the shift cannot show (RFC 7323 2.4); the first scaled
// window follows an unscaled one in the SYN; a RST offers no window.
#include <fmt/format.h>

#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"

namespace tcproof::checks {

void check_right_edge(const Case&, const Transcript& transcript, Failures& out) {
  for (const Flow& flow : transcript.flows()) {
    std::optional<wire::Seq> edge;
    const std::uint32_t slack = flow.scaled() ? (1U << *flow.target_scale) - 1 : 0;
    for (const FlowSegment& segment : flow.segments) {
      if (!segment.from_target || !segment.has(wire::flag::ack)) continue;
      if (segment.has(wire::flag::rst) || segment.has(wire::flag::syn)) continue;
      const wire::Seq offered = segment.ack + flow.offered(segment);
      if (edge && wire::lt(offered + slack, *edge)) {
        const wire::Seq isn = segment.sighting->tester_isn;
        out.push_back(failure_at(
            *segment.sighting, fmt::format("right window edge {} after {}", relative(offered, isn),
                                           relative(*edge, isn))));
        break;
      }
      if (!edge || wire::lt(*edge, offered)) edge = offered;
    }
  }
}

}  // namespace tcproof::checks
