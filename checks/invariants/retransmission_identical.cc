// SPDX-License-Identifier: Apache-2.0
// Octets that are sent again are the octets that were sent: a sequence number names one octet for
// good.
//
// Exception: the octet of a keep-alive or probe below SND.UNA is garbage by permission (RFC 9293
// MAY-6): what the tester has acknowledged is not compared.
#include <fmt/format.h>

#include <algorithm>

#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"

namespace tcproof::checks {
namespace {

/// What has been sent, from the first octet after the SYN on. A stream has no holes, or another rule
/// speaks of it; so what begins beyond the end is passed over.
class Sent {
 public:
  /// The first position at which `segment` differs from what was sent there before; then keeps its
  /// octets.
  std::optional<std::uint32_t> differs(const FlowSegment& segment, std::uint32_t acknowledged) {
    wire::Bytes text = segment.sighting->frame.payload;
    std::uint32_t at = relative(segment.text_begin(), segment.sighting->target_isn);
    const std::uint32_t compared_from = std::max(acknowledged, std::uint32_t{1});
    if (at < compared_from) {
      const std::size_t skipped = std::min<std::size_t>(compared_from - at, text.size());
      text = text.subspan(skipped);
      at += static_cast<std::uint32_t>(skipped);
    }
    if (text.empty() || at > octets_.size() + 1) return {};
    const auto known = wire::Bytes(octets_).subspan(at - 1);
    const std::size_t common = std::min(known.size(), text.size());
    const auto [was, is] =
        std::mismatch(known.begin(), known.begin() + static_cast<long>(common), text.begin());
    const auto same = static_cast<std::size_t>(was - known.begin());
    if (same != common) return at + static_cast<std::uint32_t>(same);
    octets_.insert(octets_.end(), is, text.end());
    return {};
  }

 private:
  wire::Buffer octets_;
};

}  // namespace

void check_retransmission_identical(const Case&, const Transcript& transcript, Failures& out) {
  for (const Flow& flow : transcript.flows()) {
    Sent sent;
    std::uint32_t acknowledged = 0, sent_end = 0;
    for (const FlowSegment& segment : flow.segments) {
      if (segment.has(wire::flag::rst)) continue;
      if (!segment.from_target) {
        const std::uint32_t ack = relative(segment.ack, segment.sighting->target_isn);
        // A number beyond what has been sent is one the case made up.
        if (segment.has(wire::flag::ack) && ack <= sent_end)
          acknowledged = std::max(acknowledged, ack);
        continue;
      }
      if (!flow.target_syn) continue;
      sent_end = std::max(sent_end, relative(segment.end(), segment.sighting->target_isn));
      if (const auto at = sent.differs(segment, acknowledged)) {
        out.push_back(failure_at(*segment.sighting,
                                 fmt::format("octet {} is not the octet first sent there", *at)));
        break;
      }
    }
  }
}

}  // namespace tcproof::checks
