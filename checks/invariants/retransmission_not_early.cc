// SPDX-License-Identifier: Apache-2.0
// Nothing is retransmitted sooner than the shortest retransmission timeout that the target
// declares.
//
// Exceptions: whatever the tester sends in between may be the reason (duplicate ACKs and SACK: RFC
// 5681 3.2, RFC 6675; a window that opens: RFC 9293 3.8.6.1); a segment into a zero window is a
// probe, whose timer is another; tail loss probes need SACK (RFC 8985 7.3); a packet too big may be
// answered at once (RFC 1191 6.4, which a case waives); a fast retransmit leaves the timer as it was
// (RFC 6298 5.1 starts one only if none runs), so that it may be due at any moment after.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"

namespace tcproof::checks {
namespace {

constexpr Duration reaction = 1ms;  // an answer comes sooner

struct Last {
  wire::Seq seq;
  Instant at;
  bool fast = false;  // a retransmission that answered the tester: the timer counts from before
};

}  // namespace

void check_retransmission_not_early(const Case& one_case, const Transcript& transcript,
                                    Failures& out) {
  const Duration floor = one_case.timing.rto_min;
  if (floor == Duration{}) return;
  for (const Flow& flow : transcript.flows()) {
    if (flow.tester_sack && flow.target_sack) continue;
    std::vector<Last> since_tester;  // first octets sent since the tester's last segment
    std::optional<wire::Seq> next;
    Instant tester_at{};
    std::uint32_t window = 1;
    for (const FlowSegment& segment : flow.segments) {
      if (!segment.from_target) {
        since_tester.clear();
        tester_at = segment.sighting->at;
        if (segment.has(wire::flag::ack)) window = flow.offered(segment);
        continue;
      }
      if (segment.length() == 0 || segment.has(wire::flag::rst)) continue;
      const bool answers = segment.sighting->at - tester_at <= one_case.timing.measure + reaction;
      const bool fast = next && wire::lt(segment.seq, *next) && answers;
      if (!next || wire::lt(*next, segment.end())) next = segment.end();
      if (window == 0) continue;
      const auto last = std::find_if(since_tester.begin(), since_tester.end(),
                                     [&](const Last& l) { return l.seq == segment.seq; });
      if (last == since_tester.end()) {
        since_tester.push_back({segment.seq, segment.sighting->at, fast});
        continue;
      }
      const Duration gap = segment.sighting->at - last->at;
      last->at = segment.sighting->at;
      if (std::exchange(last->fast, false)) continue;
      if (gap + one_case.timing.early + one_case.timing.measure >= floor) continue;
      out.push_back(failure_at(*segment.sighting,
                               fmt::format("sent again after {} ms, the shortest timeout is {} ms",
                                           gap / 1ms, floor / 1ms)));
      break;
    }
  }
}

}  // namespace tcproof::checks
