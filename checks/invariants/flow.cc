// SPDX-License-Identifier: Apache-2.0
#include "checks/invariants/flow.h"

#include <map>

#include "stack/wire/notation.h"
#include "stack/wire/tcp_options.h"

namespace tcproof::checks {
namespace {

using wire::FrameSpec;

/// Whether a receiver takes the segment at all: the case may have broken it on purpose.
bool intact(const FrameSpec& frame) {
  FrameSpec right = frame;
  right.ip->checksum.reset();
  right.tcp->checksum.reset();
  const FrameSpec emitted = wire::dissect(wire::emit(right));
  return emitted.tcp && emitted.tcp->checksum == frame.tcp->checksum && emitted.ip &&
         emitted.ip->checksum == frame.ip->checksum;
}

void learn_options(Flow& flow, const FlowSegment& segment) {
  const bool target = segment.from_target;
  (target ? flow.target_syn : flow.tester_syn) = true;
  for (const wire::TcpOptionView option : wire::TcpOptions(segment.sighting->frame.tcp->options)) {
    if (const auto shift = option.window_scale()) {
      // RFC 7323 2.3: a shift above 14 is used as 14.
      (target ? flow.target_scale : flow.tester_scale) = std::min<std::uint8_t>(*shift, 14);
    }
    if (option.mss() && !target) flow.tester_mss = option.mss();
    if (option.is_sack_permitted()) (target ? flow.target_sack : flow.tester_sack) = true;
    if (option.timestamps()) (target ? flow.target_timestamps : flow.tester_timestamps) = true;
  }
}

FlowSegment segment_of(const Sighting& sighting) {
  const wire::TcpSpec& tcp = *sighting.frame.tcp;
  FlowSegment segment;
  segment.sighting = &sighting;
  segment.from_target = sighting.from_target;
  segment.flags = tcp.flags.value_or(wire::TcpFlags{});
  segment.seq = tcp.seq.value_or(wire::Seq{});
  segment.ack = tcp.ack.value_or(wire::Seq{});
  segment.octets = static_cast<std::uint32_t>(sighting.frame.payload.size());
  segment.window = tcp.window.value_or(0);
  return segment;
}

}  // namespace

std::uint32_t Flow::offered(const FlowSegment& segment) const {
  const bool syn = segment.has(wire::flag::syn);  // RFC 7323 2.2: a SYN's window is never scaled
  const std::uint8_t shift =
      syn || !scaled() ? std::uint8_t{0} : (segment.from_target ? *target_scale : *tester_scale);
  return static_cast<std::uint32_t>(segment.window) << shift;
}

std::vector<Flow> find_flows(const Case& one_case, const std::vector<Sighting>& frames) {
  std::vector<Flow> out;
  std::map<std::pair<ConnId, std::uint32_t>, std::size_t> index;
  for (const Sighting& sighting : frames) {
    if (!sighting.conn || !one_case.connections[*sighting.conn].tcp || !sighting.frame.tcp)
      continue;
    if (!sighting.from_target && !(sighting.by_step && intact(sighting.frame))) continue;
    const auto [it, fresh] = index.try_emplace({*sighting.conn, sighting.incarnation}, out.size());
    if (fresh) out.push_back(Flow{.conn = *sighting.conn});
    Flow& flow = out[it->second];
    flow.segments.push_back(segment_of(sighting));
    if (flow.segments.back().has(wire::flag::syn)) learn_options(flow, flow.segments.back());
  }
  return out;
}

Failure failure_at(const Sighting& sighting, std::string what) {
  Failure failure;
  failure.at = sighting.at;
  failure.what = std::move(what);
  const wire::SegmentBase base = sighting.from_target
                                     ? wire::SegmentBase{sighting.target_isn, sighting.tester_isn}
                                     : wire::SegmentBase{sighting.tester_isn, sighting.target_isn};
  failure.got = wire::print_frame(sighting.frame, base);
  return failure;
}

std::uint32_t relative(wire::Seq seq, wire::Seq isn) {
  return seq.value - isn.value;
}

}  // namespace tcproof::checks
