// SPDX-License-Identifier: Apache-2.0
#include "checks/steps/world.h"

#include <algorithm>

#include <fmt/format.h>

#include "stack/wire/numbers.h"

namespace tcproof::checks {
namespace {

wire::TcpFlags flags_of(const wire::FrameSpec& frame) {
  return frame.tcp ? frame.tcp->flags.value_or(wire::TcpFlags{}) : wire::TcpFlags{};
}

/// The tester's host answers this by itself.
bool asks_for_neighbour(const wire::FrameSpec& frame) {
  return (frame.arp && frame.arp->op == wire::arp_op::request) ||
         (frame.nd && frame.nd->type == wire::icmpv6_type::neighbor_solicitation);
}

constexpr std::uint8_t igmp_protocol = 2;

bool holds_frames_back(const NetworkLink& link) {
  return std::ranges::any_of(link.ends, [](const LinkEnd& end) { return !end.towards.none(); });
}

}  // namespace

World::World(const Case& one_case, const Trace& trace, Reports reports)
    : case_(one_case),
      trace_(trace),
      sorter_(one_case, trace),
      queues_(one_case),
      reports_(reports),
      fence_is_prompt_(!one_case.virtual_time &&
                       std::ranges::none_of(one_case.network.links, holds_frames_back)) {
  for (const Connection& connection : one_case.connections) observers_.emplace_back(connection.isn);
  if (observers_.empty()) observers_.emplace_back(wire::Seq{});
  streams_.resize(observers_.size());
  incarnations_.resize(observers_.size());
}

void World::on(const Event& event) {
  const bool first = events_++ == 0;
  now_ = first ? time_of(event) : std::max(now_, time_of(event));
  if (first) previous_ = latest_ = now_;
  if (std::holds_alternative<FenceClosed>(event)) return close_fence();
  if (const auto* passed = std::get_if<TimePassed>(&event)) {
    time_passed_ = std::max(time_passed_, passed->at);
    fenced_ = false;
  } else if (const auto* returned = std::get_if<CallReturned>(&event)) {
    returned_.insert_or_assign(returned->step, *returned);
  } else if (const auto* made = std::get_if<CallMade>(&event)) {
    made_.insert_or_assign(made->step, made->at);
    const Step* step = find_step(case_, made->step);
    if (step != nullptr && step->call.verb == Call::Verb::open_active)
      observer(step->conn).target_opens();
    on_stimulus(made->at, made->step);
  } else if (const auto* sent = std::get_if<FrameSent>(&event)) {
    on_stimulus(sent->at, sent->step);
  }
  on_frame(event);
}

void World::on_stimulus(Instant at, StepId step) {
  fenced_ = false;
  if (step == no_step) {
    stirred_ = true;
    return;
  }
  stimulated_ = true;
  if (case_.virtual_time) return;
  // A stimulus is due at the planned time, else as soon as what it reacts to has come: the frames
  // taken so far and the step before. What the target did meanwhile was not asked of it.
  const Instant due = std::max(planned_.value_or(latest_), taken_);
  note_late(at - due);
  planned_.reset();
  taken_ = std::max(taken_, at);
}

void World::note_late(Duration late) {
  if (late > case_.timing.tester_late) late_ = std::max(late_.value_or(Duration{}), late);
}

void World::on_frame(const Event& event) {
  const std::optional<Sighting> sighting = sorter_.take(event, events_ - 1);
  if (std::holds_alternative<FrameSeen>(event)) fenced_ = false;
  if (!sighting || sighting->by_step) return;
  if (!case_.manual_neighbours && asks_for_neighbour(sighting->frame)) stirred_ = true;
  if (is_ambient(sighting->frame)) return;
  if (std::holds_alternative<FrameSeen>(event)) queues_.add(*sighting);
}

bool World::is_ambient(const wire::FrameSpec& frame) const {
  if (!Sorter::is_neighbour_traffic(frame)) return false;
  // With `neighbours: manual` a case is about ARP and neighbour discovery, but never about
  // multicast groups.
  return !case_.manual_neighbours || !(frame.arp || frame.nd);
}

void World::want_fence() {
  if (fence_outstanding_) return;
  fence_outstanding_ = true;
  fence_wanted_ = now_;
  stirred_ = false;
}

void World::close_fence() {
  // The target asked for a neighbour while the fence was out: what it holds back comes after the
  // answer.
  if (stirred_) {
    stirred_ = false;
    return;
  }
  // A tester that stalls before its fence takes the target's timers for immediate answers.
  if (stimulated_ && fence_is_prompt_) note_late(now_ - fence_wanted_);
  fence_outstanding_ = false;
  fenced_ = true;
  ++fences_;
  fence_event_ = events_ - 1;
}

void World::set_previous(Instant instant) {
  previous_ = instant;
  latest_ = std::max(latest_, instant);
}

bool World::is_ignored_class(Ignored what, const Sighting& sighting,
                             const Queues::Queue& queue) const {
  const wire::FrameSpec& frame = sighting.frame;
  const wire::TcpFlags flags = flags_of(frame);
  const bool empty_ack =
      frame.tcp && flags.without(wire::flag::psh) == wire::flag::ack && frame.payload.empty();
  const auto is_icmpv6 = [&](std::uint8_t low, std::uint8_t high) {
    return frame.icmpv6 && frame.icmpv6->type && *frame.icmpv6->type >= low &&
           *frame.icmpv6->type <= high;
  };
  switch (what) {
    case Ignored::window_update:
      return empty_ack && queue.before && queue.before->tcp &&
             queue.before->tcp->ack == frame.tcp->ack &&
             *queue.before->tcp->seq + static_cast<std::uint32_t>(queue.before->payload.size()) ==
                 *frame.tcp->seq;
    case Ignored::pure_ack: return empty_ack;
    case Ignored::keep_alive: {
      if (!frame.tcp || !sighting.conn || flags.without(wire::flag::psh) != wire::flag::ack)
        return false;
      const Observer& known = observers_[*sighting.conn];
      const IsnPair base = known.base();
      const auto next = static_cast<std::uint32_t>(known.position(Position::snd_nxt, base));
      return frame.payload.size() <= 1 && frame.tcp->seq == base.target + (next - 1);
    }
    case Ignored::igmp: return frame.ip && frame.ip->protocol == igmp_protocol;
    case Ignored::mld: return is_icmpv6(130, 132) || is_icmpv6(143, 143);
    case Ignored::router_solicitation:
      return (frame.nd && frame.nd->type == wire::icmpv6_type::router_solicitation) ||
             is_icmpv6(wire::icmpv6_type::router_solicitation,
                       wire::icmpv6_type::router_solicitation);
  }
  return false;
}

bool World::ignores(const Sighting& sighting, const Queues::Queue& queue) {
  for (const Ignored what : case_.ignore) {
    if (is_ignored_class(what, sighting, queue)) return true;
  }
  for (const FramePattern& pattern : case_.ignore_patterns) {
    StepScope names = scope(sighting.conn.value_or(0), &sighting.frame);
    if (!Matcher(names).frame(pattern, sighting)) return true;
  }
  return false;
}

const Sighting* World::head(Queues::Id id) {
  Queues::Queue& queue = queues_[id];
  while (!queue.frames.empty()) {
    const Sighting& front = queue.frames.front();
    if (!ignores(front, queue)) return &front;
    learn(front);
    queue.before = front.frame;
    queue.frames.pop_front();
  }
  return nullptr;
}

void World::learn(const Sighting& sighting) {
  if (!sighting.conn || !sighting.from_target) return;
  Observer& known = observers_[*sighting.conn];
  known.taken(sighting.frame, sighting.at);
  if (known.incarnation() != incarnations_[*sighting.conn]) {
    incarnations_[*sighting.conn] = known.incarnation();
    streams_[*sighting.conn].restart();
  }
}

Sighting World::take(Queues::Id id, std::optional<Interval> gap) {
  Queues::Queue& queue = queues_[id];
  Sighting taken = std::move(queue.frames.front());
  queue.frames.pop_front();
  if (queue.last) queue.last_gap = gap ? gap : nominal(taken.at - *queue.last, case_.timing);
  queue.last = taken.at;
  taken_ = std::max(taken_, taken.at);
  if (reports_ == Reports::made) note_frame(taken.event, show(taken, {}).text);
  learn(taken);
  queue.before = taken.frame;
  return taken;
}

StepScope World::scope(ConnId conn, const wire::FrameSpec* frame) {
  const Observer& known = observer(conn);
  return {names_, known, frame != nullptr ? known.base_for(*frame) : known.base()};
}

void World::bind(const StepScope& scope) {
  for (const auto& [name, number] : scope.fresh) names_.numbers.emplace(name, number);
}

SendContext World::send_context(const Step& step) {
  const std::uint16_t port =
      step.conn < case_.connections.size() ? sorter_.target_port(step.conn) : std::uint16_t{0};
  // Any number will do, as long as no two packets of a case share it.
  const std::uint32_t fragment_id = 0x1d00 + ++fragment_ids_;
  return {case_, observer(step.conn), names_, step.conn, step.from, port, now_, fragment_id};
}

void World::sent(const Step& step, const RenderedPacket& packet, Instant at) {
  const wire::FrameSpec& spec = packet.spec;
  const bool syn = flags_of(spec).has(wire::flag::syn);
  const IsnPair base = observer(step.conn).base_to_send(syn);
  if (reports_ == Reports::made) {
    const wire::SegmentBase shown_base{base.tester, base.target};
    const bool whole = packet.frames.size() == 1;
    note_frame(event_index(),
               whole ? wire::print_frame(wire::dissect(packet.frames[0]), shown_base) : step.text);
  }
  const bool sound = !(spec.tcp && spec.tcp->checksum) && !(spec.ip && spec.ip->checksum);
  if (spec.tcp && sound) {
    const std::uint32_t text = spec.tcp->seq->value - base.tester.value + (syn ? 1U : 0U);
    if (packet.own_data) stream(step.conn).segment(text, spec.payload);
    if (flags_of(spec).has(wire::flag::fin)) {
      stream(step.conn).fin(text + static_cast<std::uint32_t>(spec.payload.size()));
    }
  }
  if (spec.udp) stream(step.conn).datagram(spec.payload);
  if (step.save) names_.save(*step.save, wire::dissect(wire::emit(spec)), at, false, base);
  const bool of_connection = spec.tcp || spec.udp;
  if (of_connection) observer(step.conn).sent(spec, at);
}

const CallReturned* World::returned(StepId step) const {
  const auto found = returned_.find(step);
  return found == returned_.end() ? nullptr : &found->second;
}

std::optional<Instant> World::made(StepId step) const {
  const auto found = made_.find(step);
  if (found == made_.end()) return {};
  return found->second;
}

}  // namespace tcproof::checks
