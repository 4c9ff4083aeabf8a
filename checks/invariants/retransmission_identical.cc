// SPDX-License-Identifier: Apache-2.0
// Octets that are sent again are the octets that were sent: a sequence number names one octet for
// good.
//
// Exception: the octet of a keep-alive or probe below SND.UNA is garbage by permission (RFC 9293
// MAY-6): what the tester has acknowledged is not compared.
#include <fmt/format.h>

#include <map>

#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"

namespace tcproof::checks {
namespace {

/// What has been sent, by position after the ISN.
class Sent {
 public:
  /// The first position at which `segment` differs from what was sent there before; then keeps its
  /// octets.
  std::optional<std::uint32_t> differs(const FlowSegment& segment, std::uint32_t acknowledged) {
    const wire::Buffer& text = segment.sighting->frame.payload;
    const std::uint32_t first = relative(segment.text_begin(), segment.sighting->target_isn);
    for (std::uint32_t i = 0; i < text.size(); ++i) {
      const std::uint32_t at = first + i;
      if (at < acknowledged) continue;
      if (at < octets_.size() && known_[at] && octets_[at] != text[i]) return at;
      if (at >= limit) continue;
      if (at >= octets_.size()) {
        octets_.resize(at + 1);
        known_.resize(at + 1);
      }
      octets_[at] = text[i];
      known_[at] = true;
    }
    return {};
  }

 private:
  static constexpr std::uint32_t limit = 1U << 24;  // a stream longer than this is no case any more
  wire::Buffer octets_;
  std::vector<bool> known_;
};

}  // namespace

void check_retransmission_identical(const Case& one_case, const Transcript& transcript,
                                    Failures& out) {
  for (const Flow& flow : flows(one_case, transcript)) {
    Sent sent;
    std::uint32_t acknowledged = 0;
    for (const FlowSegment& segment : flow.segments) {
      if (segment.has(wire::flag::rst)) continue;
      if (!segment.from_target) {
        const std::uint32_t ack = relative(segment.ack, segment.sighting->target_isn);
        // A number far beyond is one the case made up.
        if (segment.has(wire::flag::ack) && ack < 1U << 31)
          acknowledged = std::max(acknowledged, ack);
        continue;
      }
      if (!flow.target_syn) continue;
      if (const auto at = sent.differs(segment, acknowledged)) {
        out.push_back(failure_at(*segment.sighting,
                                 fmt::format("octet {} is not the octet first sent there", *at)));
        break;
      }
    }
  }
}

}  // namespace tcproof::checks
