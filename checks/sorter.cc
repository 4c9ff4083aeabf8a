// SPDX-License-Identifier: Apache-2.0
#include "checks/sorter.h"

#include "checks/invariants/flow.h"
#include "checks/source_route.h"
#include "stack/wire/numbers.h"

namespace tcproof::checks {
namespace {

bool has(const wire::TcpSpec& tcp, wire::TcpFlags flag) {
  return tcp.flags && tcp.flags->has(flag);
}

constexpr std::uint8_t mld_query = 130, mld_done = 132, mld2_report = 143;

}  // namespace

Sorter::Sorter(const Case& one_case, const Trace& trace)
    : case_(one_case), trace_(trace), known_(one_case.connections.size()) {
  for (std::size_t i = 0; i < known_.size(); ++i) {
    known_[i].target_port = one_case.connections[i].target_port;
  }
}

bool Sorter::is_neighbour_traffic(const wire::FrameSpec& frame) {
  if (frame.arp || frame.nd) return true;
  if (!frame.icmpv6 || !frame.icmpv6->type) return false;
  const std::uint8_t type = *frame.icmpv6->type;
  return (type >= mld_query && type <= mld_done) || type == mld2_report ||
         (type >= wire::icmpv6_type::router_solicitation && type <= wire::icmpv6_type::redirect);
}

std::uint16_t Sorter::target_port(ConnId conn) const {
  return known_[conn].target_port.value_or(case_.connections[conn].target_port);
}

std::size_t Sorter::incomplete() const {
  const Network& network = case_.network;
  return reassembly_.incomplete(network.target_link(), network.hosts[network.target].mac);
}

std::optional<Sighting> Sorter::take(const Event& event, std::size_t index) {
  if (const auto* made = std::get_if<CallMade>(&event)) {
    called(*made);
    return {};
  }
  if (const auto* sent = std::get_if<FrameSent>(&event)) {
    Sighting sighting = sight(sent->at, sent->link, sent->from, sent->step, index);
    return dissected(std::move(sighting), sent->octets);
  }
  if (const auto* seen = std::get_if<FrameSeen>(&event)) {
    Sighting sighting = sight(seen->at, seen->link, seen->from, no_step, index);
    const Network& network = case_.network;
    sighting.from_target = seen->from == network.target && seen->link == network.target_link();
    return dissected(std::move(sighting), seen->octets);
  }
  return {};
}

Sighting Sorter::sight(Instant at, LinkId link, HostId from, StepId step, std::size_t index) const {
  Sighting sighting;
  sighting.event = index;
  sighting.at = at;
  sighting.link = link;
  sighting.from = from;
  sighting.by_step = step != no_step;
  sighting.step = step;
  return sighting;
}

std::optional<Sighting> Sorter::dissected(Sighting sighting, Span32 octets) {
  sighting.frame = wire::dissect(trace_.octets(octets));
  if (sighting.frame.is_fragment()) {
    auto whole = reassembly_.add(sighting.link, sighting.frame);
    if (!whole) return {};
    sighting.frame = std::move(whole->frame);
    sighting.pieces = std::move(whole->pieces);
    sighting.reassembled = true;
  }
  give_connection(sighting);
  return sighting;
}

void Sorter::called(const CallMade& made) {
  const Step* step = find_step(case_, made.step);
  if (step == nullptr || step->conn >= known_.size()) return;
  Known& known = known_[step->conn];
  use(step->conn);
  const bool active = step->call.verb == Call::Verb::open_active;
  if (active) {
    // The port is the target's choice, unless the call says it: the first frame shows it.
    known.target_port = step->call.port;
    known.opens_anew = known.target_syn;
  } else if (step->call.verb == Call::Verb::open_passive && step->call.port) {
    known.target_port = step->call.port;
  }
}

std::optional<Sorter::Ends> Sorter::ends_of(const wire::FrameSpec& frame) const {
  if (!frame.ip || !frame.ip->src || !frame.ip->dst) return {};
  const bool tcp = frame.tcp.has_value();
  if (!tcp && !frame.udp) return {};
  const std::uint16_t src = (tcp ? frame.tcp->src_port : frame.udp->src_port).value_or(0);
  const std::uint16_t dst = (tcp ? frame.tcp->dst_port : frame.udp->dst_port).value_or(0);
  const auto target = case_.network.address(case_.network.target, frame.ip->family);
  if (target && frame.ip->src == target)
    return Ends{final_destination(*frame.ip), *target, dst, src, tcp, true};
  if (target && frame.ip->dst == target) return Ends{*frame.ip->src, *target, src, dst, tcp, false};
  return {};
}

std::optional<ConnId> Sorter::connection_of(const Ends& ends, const wire::FrameSpec& frame) {
  std::optional<ConnId> exact, learning;
  const auto newer = [&](std::optional<ConnId> than, std::size_t i) {
    return !than || known_[i].used > known_[*than].used;
  };
  for (std::size_t i = 0; i < known_.size(); ++i) {
    const Connection& connection = case_.connections[i];
    // A datagram to everybody is to the connection's host as well.
    const bool to_host =
        case_.network.address(connection.host, ends.tester.family) == ends.tester ||
        (!ends.tcp && ends.from_target && ends.tester == wire::ipv4_broadcast);
    if (connection.tcp != ends.tcp || connection.tester_port != ends.tester_port || !to_host)
      continue;
    const auto id = static_cast<ConnId>(i);
    if (!known_[i].target_port && ends.from_target && newer(learning, i)) learning = id;
    if (known_[i].target_port == ends.target_port && newer(exact, i)) exact = id;
  }
  const bool opening =
      frame.tcp && has(*frame.tcp, wire::flag::syn) && !has(*frame.tcp, wire::flag::ack);
  if (learning && (!exact || opening)) {
    known_[*learning].target_port = ends.target_port;
    return learning;
  }
  return exact;
}

void Sorter::give_connection(Sighting& sighting) {
  const std::optional<Ends> ends = ends_of(sighting.frame);
  if (const Step* step = sighting.by_step ? find_step(case_, sighting.step) : nullptr) {
    // A crafted segment belongs to the connection of its step, whatever addresses it pretends.
    const bool fits = step->conn < known_.size() &&
                      (case_.connections[step->conn].tcp ? sighting.frame.tcp.has_value()
                                                         : sighting.frame.udp.has_value());
    if (fits) sighting.conn = step->conn;
  } else if (ends) {
    sighting.conn = connection_of(*ends, sighting.frame);
  }
  if (!sighting.conn) return;
  if (sighting.by_step) use(*sighting.conn);
  follow(sighting);
}

void Sorter::follow(Sighting& sighting) {
  Known& known = known_[*sighting.conn];
  if (sighting.frame.tcp && has(*sighting.frame.tcp, wire::flag::syn)) {
    if (sighting.from_target) follow_target_syn(known, *sighting.frame.tcp);
    if (sighting.by_step) follow_tester_syn(known, *sighting.frame.tcp, *sighting.conn);
  }
  sighting.incarnation = known.incarnation;
  sighting.tester_isn = known.tester_isn;
  sighting.target_isn = known.target_isn;
}

void Sorter::follow_target_syn(Known& known, const wire::TcpSpec& tcp) {
  const wire::Seq isn = tcp.seq.value_or(wire::Seq{});
  if (known.target_syn && isn == known.target_isn) return;
  const bool takes_new_syn =
      known.tried_isn && has(tcp, wire::flag::ack) && tcp.ack == *known.tried_isn + 1;
  if (known.target_syn) ++known.incarnation;
  if (takes_new_syn) {
    known.tester_isn = *known.tried_isn;
    known.tried_isn.reset();
  } else if (known.opens_anew) {
    known.tester_syn = false;
  }
  known.opens_anew = false;
  known.target_syn = true;
  known.target_isn = isn;
}

void Sorter::follow_tester_syn(Known& known, const wire::TcpSpec& tcp, ConnId conn) {
  const wire::Seq seq = tcp.seq.value_or(wire::Seq{});
  if (!known.tester_syn) {
    known.tester_syn = true;
    known.tester_isn = case_.connections[conn].isn;
  } else if (seq != known.tester_isn) {
    known.tried_isn = seq;
  }
}

Transcript::Transcript(const Case& one_case, const Trace& trace) : trace_(&trace) {
  Sorter sorter(one_case, trace);
  for (std::size_t i = 0; i < trace.events().size(); ++i) {
    const Event& event = trace.events()[i];
    std::optional<Sighting> sighting = sorter.take(event, i);
    if (!sighting) continue;
    const auto* sent = std::get_if<FrameSent>(&event);
    const auto* seen = std::get_if<FrameSeen>(&event);
    sighting->octets = trace.octets(sent != nullptr ? sent->octets : seen->octets);
    frames_.push_back(std::move(*sighting));
  }
  flows_ = std::make_shared<const std::vector<Flow>>(find_flows(one_case, frames_));
}

}  // namespace tcproof::checks
