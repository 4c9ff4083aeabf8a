// SPDX-License-Identifier: Apache-2.0
// No segment of the target is larger than the tester's MSS option permits, TCP options counted in
// (RFC 9293 3.7.1, RFC 6691). Without the option the limit is 536 over IPv4 and 1220 over IPv6.
//
// Exception: an option of zero is no size at all; every stack needs a floor and RFC 9293 names
// none.
#include <fmt/format.h>

#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"

namespace tcproof::checks {

void check_peer_mss(const Case& one_case, const Transcript& transcript, Failures& out) {
  const std::uint16_t unsaid = one_case.family == wire::Family::v4 ? 536 : 1220;
  for (const Flow& flow : transcript.flows()) {
    const std::uint32_t limit = flow.tester_mss.value_or(unsaid);
    if (!flow.tester_syn || limit == 0) continue;
    for (const FlowSegment& segment : flow.segments) {
      if (!segment.from_target || segment.octets == 0 || segment.has(wire::flag::syn)) continue;
      const auto options = static_cast<std::uint32_t>(segment.sighting->frame.tcp->options.size());
      if (segment.octets + options <= limit) continue;
      out.push_back(failure_at(
          *segment.sighting,
          options == 0 ? fmt::format("{} octets, but the peer's MSS is {}", segment.octets, limit)
                       : fmt::format("{} octets and {} of options, but the peer's MSS is {}",
                                     segment.octets, options, limit)));
      break;
    }
  }
}

}  // namespace tcproof::checks
