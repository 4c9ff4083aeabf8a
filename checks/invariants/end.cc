// SPDX-License-Identifier: Apache-2.0
// What has ended stays ended: no octet follows the target's FIN, a second FIN has the number of the
// first, and after its RST a connection is silent but for further RSTs.
//
// Exceptions: the RST of a listener rejects one segment and ends nothing (RFC 9293 3.10.7.2), nor
// does that of a SYN-SENT or SYN-RECEIVED that got a wrong ACK (3.5.2): only a RST after the
// handshake ends the flow.
#include <fmt/format.h>

#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"

namespace tcproof::checks {
namespace {

/// The life of a flow, as far as the target's segments tell.
struct Life {
  bool opened = false;       // the target has sent its SYN
  bool established = false;  // the tester has acknowledged it
  bool reset = false;
  std::optional<wire::Seq> fin;

  std::string breach(const FlowSegment& segment) const {
    const wire::Seq isn = segment.sighting->target_isn;
    if (reset) return "a segment after the RST that ended the connection";
    const wire::Seq text_end = segment.text_begin() + segment.octets;
    if (fin && segment.octets > 0 && wire::lt(*fin, text_end)) {
      return fmt::format("octets up to {}, but the FIN was {}", relative(text_end, isn),
                         relative(*fin, isn));
    }
    if (fin && segment.has(wire::flag::fin) && text_end != *fin) {
      return fmt::format("a FIN at {} after the FIN at {}", relative(text_end, isn),
                         relative(*fin, isn));
    }
    return {};
  }
  void sent(const FlowSegment& segment) {
    opened |= segment.has(wire::flag::syn);
    if (segment.has(wire::flag::fin)) fin = segment.text_begin() + segment.octets;
  }
};

}  // namespace

void check_end(const Case&, const Transcript& transcript, Failures& out) {
  for (const Flow& flow : transcript.flows()) {
    Life life;
    for (const FlowSegment& segment : flow.segments) {
      if (!segment.from_target) {
        const bool acks_syn = life.opened && segment.has(wire::flag::ack) &&
                              segment.ack == segment.sighting->target_isn + 1U;
        life.established |= acks_syn && !segment.has(wire::flag::rst);
        continue;
      }
      if (segment.has(wire::flag::rst)) {
        life.reset |= life.established;
        continue;
      }
      const std::string error = life.breach(segment);
      if (!error.empty()) {
        out.push_back(failure_at(*segment.sighting, error));
        break;
      }
      life.sent(segment);
    }
  }
}

}  // namespace tcproof::checks
