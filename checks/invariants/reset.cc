// SPDX-License-Identifier: Apache-2.0
// A RST of the target has the numbers that make it acceptable to whom it is meant for (RFC 9293
// 3.10.7.1, 3.5.2,
// 3.10.5):
// - an answer to a segment with ACK: SEQ is that ACK;
// - an answer to a segment without: SEQ is 0 and ACK covers that segment;
// - of its own: SEQ is SND.NXT, or what is still acceptable below it. It carries neither SYN nor
//   FIN.
#include <fmt/format.h>

#include <algorithm>

#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"

namespace tcproof::checks {
namespace {

bool answers(const FlowSegment& rst, const FlowSegment& segment) {
  if (segment.from_target || segment.has(wire::flag::rst)) return false;
  if (segment.has(wire::flag::ack)) return rst.seq == segment.ack;
  return rst.has(wire::flag::ack) && rst.seq.value == 0 && rst.ack == segment.end();
}

std::string wrong(const Flow& flow, std::size_t at) {
  const FlowSegment& rst = flow.segments[at];
  if (rst.has(wire::flag::syn) || rst.has(wire::flag::fin))
    return "a RST carries neither SYN nor FIN";
  std::optional<wire::Seq> next;
  for (std::size_t i = 0; i < at; ++i) {
    const FlowSegment& segment = flow.segments[i];
    if (answers(rst, segment)) return {};
    if (!segment.from_target || segment.has(wire::flag::rst)) continue;
    if (!next || wire::lt(*next, segment.end())) next = segment.end();
  }
  if (next && wire::leq(rst.seq, *next)) return {};
  return fmt::format("RST with SEQ {} answers no segment and is not at or below SND.NXT",
                     relative(rst.seq, rst.sighting->target_isn));
}

}  // namespace

void check_reset(const Case&, const Transcript& transcript, Failures& out) {
  for (const Flow& flow : transcript.flows()) {
    for (std::size_t i = 0; i < flow.segments.size(); ++i) {
      if (!flow.segments[i].from_target || !flow.segments[i].has(wire::flag::rst)) continue;
      const std::string error = wrong(flow, i);
      if (error.empty()) continue;
      out.push_back(failure_at(*flow.segments[i].sighting, error));
      break;
    }
  }
}

}  // namespace tcproof::checks
