// SPDX-License-Identifier: Apache-2.0
// The target sends no text beyond the window that the tester offers.
//
// Exceptions: into a zero window a probe brings new octets at the edge (RFC 9293 3.8.6.1); what
// once was inside the window may be sent again after it shrank (RFC 9293 3.8.6, MAY-7); a FIN needs
// no window of its own.
#include <fmt/format.h>

#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"

namespace tcproof::checks {
namespace {

struct Window {
  wire::Seq acknowledged, highest_edge;
  std::uint32_t size = 0;
  bool known = false;

  void offer(wire::Seq ack, std::uint32_t octets) {
    if (known && wire::lt(ack, acknowledged)) return;  // an old segment: its window is old too
    acknowledged = ack;
    size = octets;
    if (!known || wire::lt(highest_edge, ack + octets)) highest_edge = ack + octets;
    known = true;
  }
  bool probe(const FlowSegment& segment) const {
    return size == 0 && wire::leq(segment.seq, highest_edge);
  }
};

}  // namespace

void check_peer_window(const Case&, const Transcript& transcript, Failures& out) {
  for (const Flow& flow : transcript.flows()) {
    Window window;
    for (const FlowSegment& segment : flow.segments) {
      if (segment.has(wire::flag::rst)) continue;
      if (!segment.from_target) {
        if (segment.has(wire::flag::ack)) window.offer(segment.ack, flow.offered(segment));
        continue;
      }
      if (!window.known || segment.octets == 0 || window.probe(segment)) continue;
      const wire::Seq end = segment.text_begin() + segment.octets;
      if (wire::leq(end, window.highest_edge)) continue;
      const wire::Seq isn = segment.sighting->target_isn;
      out.push_back(failure_at(
          *segment.sighting, fmt::format("text up to {}, but the window ends at {}",
                                         relative(end, isn), relative(window.highest_edge, isn))));
      break;
    }
  }
}

}  // namespace tcproof::checks
