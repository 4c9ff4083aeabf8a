// SPDX-License-Identifier: Apache-2.0
#include "checks/steps/queues.h"

namespace tcproof::checks {
namespace {

/// The same packet on another link. Routers change TTL and checksum, and may clamp an MSS.
bool same_packet(const wire::FrameSpec& a, const wire::FrameSpec& b) {
  if (!a.ip || !b.ip || a.ip->src != b.ip->src || a.ip->dst != b.ip->dst) return false;
  if (a.tcp && b.tcp) {
    return a.tcp->src_port == b.tcp->src_port && a.tcp->dst_port == b.tcp->dst_port &&
           a.tcp->seq == b.tcp->seq && a.tcp->ack == b.tcp->ack && a.tcp->flags == b.tcp->flags &&
           a.payload.size() == b.payload.size();
  }
  return a.udp == b.udp && a.icmp == b.icmp && a.icmpv6 == b.icmpv6 && a.nd == b.nd &&
         a.payload == b.payload && a.tcp.has_value() == b.tcp.has_value();
}

}  // namespace

Queues::Queues(const Case& one_case)
    : case_(one_case),
      connections_(one_case.connections.size()),
      queues_(connections_ + 1 + one_case.network.hosts.size()) {}

void Queues::add(const Sighting& sighting) {
  if (sighting.by_step) return;
  if (sighting.from_target) {
    queues_[sighting.conn ? of_connection(*sighting.conn) : rest()].frames.push_back(sighting);
    return;
  }
  const bool own = !sighting.frame.ip || !sighting.frame.ip->src ||
                   case_.network.owner(*sighting.frame.ip->src) == sighting.from;
  if (own) {
    queues_[of_host(sighting.from)].frames.push_back(sighting);
  } else {
    forwarded_.push_back(sighting);
  }
}

Queues::Id Queues::of_step(const Step& step) const {
  if (step.from && *step.from != case_.network.target) return of_host(*step.from);
  const bool of_conn =
      step.frame.kind == FramePattern::Kind::segment || step.frame.kind == FramePattern::Kind::udp;
  return of_conn && step.conn < connections_ ? of_connection(step.conn) : rest();
}

const Sighting* Queues::passing(LinkId link, const Sighting& original) const {
  for (const Sighting& copy : forwarded_) {
    if (copy.link == link && copy.event > original.event && same_packet(copy.frame, original.frame))
      return &copy;
  }
  return nullptr;
}

}  // namespace tcproof::checks
