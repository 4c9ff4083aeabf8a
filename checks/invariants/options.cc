// SPDX-License-Identifier: Apache-2.0
// The target's header and options are well formed, and no option is used that was not agreed: MSS,
// window scale and SACK-permitted stand in SYNs only, timestamps and SACK blocks need both SYNs,
// and a SYN-ACK answers offers only.
//
// Exception: with crossing SYNs a SYN-ACK repeats what its own SYN offered (RFC 7323 3.2, MAY).
#include <fmt/format.h>

#include <algorithm>

#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"
#include "stack/wire/tcp_options.h"

namespace tcproof::checks {
namespace {

struct Breach {
  const char* requirement = nullptr;
  std::string what;
};

/// What stood in the SYNs before a segment.
struct Agreed {
  bool tester_scale = false, tester_sack = false, tester_timestamps = false;
  bool target_sack = false, target_timestamps = false;
  bool crossing = false;  // the target had sent its own SYN first
};

void learn(Agreed& agreed, const FlowSegment& segment) {
  if (!segment.has(wire::flag::syn)) return;
  if (segment.from_target && !segment.has(wire::flag::ack)) agreed.crossing = true;
  for (const wire::TcpOptionView option : wire::TcpOptions(segment.sighting->frame.tcp->options)) {
    if (option.is_sack_permitted())
      (segment.from_target ? agreed.target_sack : agreed.tester_sack) = true;
    if (option.timestamps()) {
      (segment.from_target ? agreed.target_timestamps : agreed.tester_timestamps) = true;
    }
    if (option.window_scale() && !segment.from_target) agreed.tester_scale = true;
  }
}

Breach option_breach(const wire::TcpOptionView& option, const FlowSegment& segment,
                     const Agreed& agreed) {
  using Kind = wire::TcpOptionKind;
  const bool syn = segment.has(wire::flag::syn);
  const bool answer = syn && segment.has(wire::flag::ack) && !agreed.crossing;
  if (option.malformed) return {"RFC9293-MUST-68", "an option's length is wrong"};
  switch (option.kind) {
    case Kind::mss:
      if (!option.mss()) return {"RFC9293-MUST-68", "the MSS option is not four octets long"};
      if (!syn) return {"RFC9293-MUST-65", "MSS option in a segment without SYN"};
      return {};
    case Kind::window_scale:
      if (!syn) return {"RFC7323-2.2-2", "window scale option in a segment without SYN"};
      if (answer && !agreed.tester_scale)
        return {"RFC7323-2.2-2", "window scale answered, but not offered"};
      return {};
    case Kind::sack_permitted:
      if (!syn) return {"RFC2018-2-1", "SACK-permitted in a segment without SYN"};
      if (answer && !agreed.tester_sack)
        return {"RFC2018-2-1", "SACK-permitted answered, but not offered"};
      return {};
    case Kind::sack:
      if (option.sack_count() == 0) return {"RFC2018-3-2", "a SACK option of the wrong length"};
      if (!agreed.tester_sack) return {"RFC2018-2-1", "SACK blocks, but SACK was not agreed"};
      return {};
    case Kind::timestamps:
      if (!option.timestamps())
        return {"RFC9293-MUST-68", "the timestamps option is not ten octets long"};
      if (answer && !agreed.tester_timestamps) {
        return {"RFC7323-3.2-4", "timestamps answered, but not offered"};
      }
      if (!syn && !(agreed.tester_timestamps && agreed.target_timestamps)) {
        return {"RFC7323-3.2-4", "timestamps, but not agreed"};
      }
      return {};
    case Kind::end:
    case Kind::nop:
    case Kind::md5:
    case Kind::user_timeout:
    case Kind::fast_open: return {};
  }
  return {};  // a kind of which no rule speaks
}

Breach header_breach(const FlowSegment& segment) {
  const wire::TcpSpec& tcp = *segment.sighting->frame.tcp;
  if (tcp.reserved.value_or(0) != 0) return {"RFC9293-3.1-2", "reserved header bits are not zero"};
  for (const wire::TcpOptionView option : wire::TcpOptions(tcp.options)) {
    if (option.kind != wire::TcpOptionKind::end) continue;
    const auto rest =
        wire::Bytes(tcp.options)
            .subspan(static_cast<std::size_t>(option.raw.data() - tcp.options.data()));
    if (std::any_of(rest.begin(), rest.end(), [](std::uint8_t octet) { return octet != 0; })) {
      return {"RFC9293-MUST-69", "octets after the end of the option list are not zero"};
    }
  }
  return {};
}

Breach breach(const FlowSegment& segment, const Agreed& agreed) {
  if (Breach found = header_breach(segment); found.requirement != nullptr) return found;
  for (const wire::TcpOptionView option : wire::TcpOptions(segment.sighting->frame.tcp->options)) {
    if (Breach found = option_breach(option, segment, agreed); found.requirement != nullptr)
      return found;
  }
  return {};
}

}  // namespace

void check_options(const Case&, const Transcript& transcript, Failures& out) {
  for (const Flow& flow : transcript.flows()) {
    Agreed agreed;
    for (const FlowSegment& segment : flow.segments) {
      learn(agreed, segment);
      // A RST may answer with what the segment it answers carried.
      if (!segment.from_target || segment.has(wire::flag::rst)) continue;
      const Breach found = breach(segment, agreed);
      if (found.requirement == nullptr) continue;
      Failure failure = failure_at(*segment.sighting, found.what);
      failure.requirements = {found.requirement};
      out.push_back(std::move(failure));
      break;
    }
  }
}

}  // namespace tcproof::checks
