// SPDX-License-Identifier: Apache-2.0
// Every frame of the target carries right checksums: IPv4 header, TCP, UDP, ICMP.
//
// Exception: zero in an IPv4 datagram's UDP checksum means "not computed" (RFC 768).
#include <fmt/format.h>

#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"
#include "checks/source_route.h"

namespace tcproof::checks {
namespace {

using wire::FrameSpec;

/// One checksum field, and the requirement that speaks of it.
struct Field {
  const char* name;
  const char* requirement;
  const wire::ChecksumSpec* (*of)(const FrameSpec&);
};

template <class Layer>
const wire::ChecksumSpec* checksum_of(const std::optional<Layer>& layer) {
  return layer && layer->checksum ? &*layer->checksum : nullptr;
}

constexpr Field fields[] = {
    {"IPv4 header", "RFC1122-3.2.1.2-1", [](const FrameSpec& f) { return checksum_of(f.ip); }},
    {"TCP", "RFC9293-MUST-2", [](const FrameSpec& f) { return checksum_of(f.tcp); }},
    {"UDP", "RFC768-0-1", [](const FrameSpec& f) { return checksum_of(f.udp); }},
    {"ICMP", "RFC792-0-2", [](const FrameSpec& f) { return checksum_of(f.icmp); }},
    {"ICMPv6", "RFC4443-2.3-1", [](const FrameSpec& f) { return checksum_of(f.icmpv6); }},
    {"ICMPv6", "RFC4443-2.3-1", [](const FrameSpec& f) { return checksum_of(f.nd); }},
};

/// The same frame with every checksum left to emit().
FrameSpec corrected(FrameSpec frame) {
  if (frame.ip) frame.ip->checksum.reset();
  if (frame.tcp) frame.tcp->checksum.reset();
  if (frame.udp) frame.udp->checksum.reset();
  if (frame.icmp) frame.icmp->checksum.reset();
  if (frame.icmpv6) frame.icmpv6->checksum.reset();
  if (frame.nd) frame.nd->checksum.reset();
  FrameSpec right = wire::dissect(wire::emit(frame));
  if (!frame.ip || frame.ip->options.empty() || final_destination(*frame.ip) == frame.ip->dst)
    return right;
  // The header's checksum covers the next stop of a source route, the others its end.
  frame.ip->dst = final_destination(*frame.ip);
  const FrameSpec at_the_end = wire::dissect(wire::emit(frame));
  right.tcp = at_the_end.tcp;
  right.udp = at_the_end.udp;
  return right;
}

bool not_computed(const Field& field, const FrameSpec& frame, std::uint16_t value) {
  return value == 0 && frame.udp && field.of(frame) == checksum_of(frame.udp) && frame.ip &&
         frame.ip->family == wire::Family::v4;
}

std::uint16_t number(const wire::ChecksumSpec& spec) {
  const auto* value = std::get_if<std::uint16_t>(&spec);
  return value ? *value : std::uint16_t{0};
}

/// In one's complement zero has two forms, and a receiver takes both (RFC 1071). UDP alone gives
/// them different meanings.
bool same_sum(const FrameSpec& frame, std::uint16_t a, std::uint16_t b) {
  const auto zero = [](std::uint16_t sum) { return sum == 0 || sum == 0xffff; };
  return a == b || (!frame.udp && zero(a) && zero(b));
}

}  // namespace

void check_checksums(const Case&, const Transcript& transcript, Failures& out) {
  for (const Sighting& sighting : transcript.frames()) {
    if (!sighting.from_target || !sighting.frame.ip) continue;
    const FrameSpec right = corrected(sighting.frame);
    for (const Field& field : fields) {
      const wire::ChecksumSpec* sent = field.of(sighting.frame);
      const wire::ChecksumSpec* wanted = field.of(right);
      if (sent == nullptr || wanted == nullptr) continue;
      if (same_sum(sighting.frame, number(*sent), number(*wanted))) continue;
      if (not_computed(field, sighting.frame, number(*sent))) continue;
      Failure failure =
          failure_at(sighting, fmt::format("{} checksum 0x{:04x}, right is 0x{:04x}", field.name,
                                           number(*sent), number(*wanted)));
      failure.requirements = {field.requirement};
      out.push_back(std::move(failure));
      return;
    }
  }
}

}  // namespace tcproof::checks
