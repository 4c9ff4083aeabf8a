// SPDX-License-Identifier: Apache-2.0
#include "checks/acceptor/follow.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <vector>

#include "checks/invariants/flow.h"
#include "stack/wire/icmp.h"

namespace tcproof::checks {
namespace {

struct Located {
  const Flow* flow;
  const FlowSegment* segment;
};

/// The segments of a connection by the event at which they stand in the trace.
std::map<std::size_t, Located> segments_of(const Transcript& transcript, ConnId conn) {
  std::map<std::size_t, Located> segments;
  for (const Flow& flow : transcript.flows()) {
    if (flow.conn != conn) continue;
    for (const FlowSegment& segment : flow.segments) {
      segments.emplace(segment.sighting->event, Located{&flow, &segment});
    }
  }
  return segments;
}

bool is_icmp_error(const wire::FrameSpec& frame) {
  const bool v4 = frame.icmp && frame.icmp->type;
  if (v4) return wire::is_icmp_error(wire::Family::v4, *frame.icmp->type);
  return frame.icmpv6 && frame.icmpv6->type &&
         wire::is_icmp_error(wire::Family::v6, *frame.icmpv6->type);
}

/// Where the tester sent an ICMP error. Its quote is not looked at: any connection may be meant.
std::vector<std::size_t> warnings_in(const Transcript& transcript) {
  std::vector<std::size_t> events;
  for (const Sighting& sighting : transcript.frames()) {
    if (!sighting.from_target && is_icmp_error(sighting.frame)) events.push_back(sighting.event);
  }
  return events;
}

/// The case wrote a header field, so that the target may drop the segment unread.
bool is_broken(const Case& one_case, const FlowSegment& segment) {
  const Step* step = find_step(one_case, segment.sighting->step);
  return step != nullptr && (!step->frame.fields.empty() || step->frame.extensions);
}

/// What the tester sends may get lost on the way: on an impaired link, or at a router.
bool is_lossy(const Case& one_case) {
  const Network& network = one_case.network;
  const bool routed = std::any_of(network.hosts.begin(), network.hosts.end(),
                                  [](const NetworkHost& host) { return host.forwards; });
  return routed || std::any_of(network.links.begin(), network.links.end(), [](const auto& link) {
           return std::any_of(link.ends.begin(), link.ends.end(),
                              [](const LinkEnd& end) { return !end.towards.none(); });
         });
}

}  // namespace

bool has_its_own_ports(const Case& one_case, ConnId conn) {
  const auto& own = one_case.connections[conn];
  return std::count_if(one_case.connections.begin(), one_case.connections.end(),
                       [&](const Connection& other) {
                         return other.tcp && other.host == own.host &&
                                other.tester_port == own.tester_port &&
                                other.target_port == own.target_port;
                       }) == 1;
}

void follow(const Case& one_case, const Transcript& transcript, ConnId conn,
            const std::function<bool(const Acceptor&, const Event&)>& look) {
  assert(one_case.state_rules != nullptr);
  const auto segments = segments_of(transcript, conn);
  const auto warnings = warnings_in(transcript);
  Acceptor acceptor(*one_case.state_rules, is_lossy(one_case));
  const auto& events = transcript.trace().events();
  for (std::size_t i = 0; i < events.size(); ++i) {
    acceptor.passed(time_of(events[i]));
    if (const auto* made = std::get_if<CallMade>(&events[i])) {
      const Step* step = find_step(one_case, made->step);
      if (step != nullptr && step->conn == conn) acceptor.called(step->call);
    } else if (const auto found = segments.find(i); found != segments.end()) {
      const auto& [flow, segment] = found->second;
      segment->from_target ? acceptor.target_sent(*flow, *segment)
                           : acceptor.tester_sent(*segment, is_broken(one_case, *segment));
    } else if (std::binary_search(warnings.begin(), warnings.end(), i)) {
      acceptor.warned();
    }
    if (!look(acceptor, events[i])) return;
  }
}

}  // namespace tcproof::checks
