// SPDX-License-Identifier: Apache-2.0
#include "checks/acceptor/acceptor.h"

#include <algorithm>

#include <fmt/format.h>

#include "checks/acceptor/figure_5.h"
#include "checks/acceptor/follow.h"

namespace tcproof::checks {
namespace {

using enum State;

constexpr StateSet unsynchronised{closed, listen, syn_sent};
constexpr StateSet fin_received{close_wait, closing, last_ack, time_wait};
constexpr StateSet fin_senders{fin_wait_1, closing, last_ack};
constexpr StateSet text_senders{established, close_wait, fin_wait_1, closing, last_ack};
constexpr StateSet silent{closed, listen};
constexpr StateSet closers{syn_received, established, close_wait};

/// Where `from` may lead in any number of steps of one connection.
StateSet reachable(State from) {
  StateSet reached{from};
  for (StateSet before; !(before == reached);) {
    before = reached;
    (before - StateSet{closed, listen, time_wait}).each([&](State state) {
      reached = reached | successors(state);
    });
  }
  return reached;
}

/// What lies on a way from one of `before` to one of `after`, both not counted.
StateSet between(StateSet before, StateSet after) {
  StateSet on_the_way;
  before.each([&](State from) {
    reachable(from).each([&](State state) {
      if (!(reachable(state) & after).empty() && !silent.has(state)) on_the_way.add(state);
    });
  });
  return on_the_way - before - after;
}

/// A FIN leaves: what each state becomes that way.
StateSet with_fin_sent(StateSet states) {
  StateSet next = states - closers;
  if (states.has(syn_received) || states.has(established)) next.add(fin_wait_1);
  if (states.has(close_wait)) next = next | StateSet{last_ack, closing};
  return next;
}

/// Without a peer there is no window, and in CLOSED and LISTEN nothing that could be acknowledged.
bool same_to(State state, SegmentClass a, SegmentClass b) {
  if (unsynchronised.has(state)) a.place = b.place = SegmentClass::Place::first;
  if (state == closed || state == listen) {
    for (SegmentClass* one : {&a, &b}) {
      if (one->ack != SegmentClass::Ack::absent) one->ack = SegmentClass::Ack::nxt;
    }
  }
  return a == b;
}

}  // namespace

void Acceptor::called(const Call& call) {
  refusal_.clear();
  passing_ = {};
  // The probes that it asks for may end the connection.
  keep_alive_ |= call.options.contains("keep-alive");
  if (call.verb == Call::Verb::open_passive) {
    listening_ = true;
    names_peer_ = call.options.contains("remote");
    states_ = states_ == StateSet{closed} ? StateSet{listen} : states_ | StateSet{listen};
    return;
  }
  if (call.verb == Call::Verb::open_active) {
    states_ = {syn_sent};
    return;
  }
  const bool shuts = call.verb == Call::Verb::shutdown && call.shutdown != Call::Shutdown::receive;
  const Call::Verb verb = shuts ? Call::Verb::close : call.verb;
  closing_ |= verb == Call::Verb::close;
  if (verb == Call::Verb::send && names_peer_ && states_ == StateSet{listen}) {
    states_ = {syn_sent};  // RFC 9293 3.10.2
    return;
  }
  StateSet next;
  states_.each([&](State state) {
    StateSet by_table;
    for (const StateRules::OfCall& rule : rules_.calls) {
      if (rule.from == state && rule.verb == verb) by_table = by_table | rule.next;
    }
    // Where a FIN is due the change of state is seen from it: queued data goes first.
    const bool waits = verb == Call::Verb::close && closers.has(state);
    next = next | (waits || by_table.empty() ? StateSet{state} : by_table);
  });
  states_ = next;
}

void Acceptor::warned() {
  refusal_.clear();
  if (states_ == StateSet{listen}) return;
  states_ = states_ | StateSet{closed};
  if (listening_) states_ = states_ | StateSet{listen};
}

Numbers Acceptor::numbers(wire::Seq rcv_nxt) const {
  return {rcv_nxt, snd_una_, snd_nxt_, rcv_wnd_};
}

StateSet Acceptor::by_rules(State from, const SegmentClass& segment,
                            bool nothing_outstanding) const {
  StateSet next;
  for (const StateRules::OfSegment& rule : rules_.segments[static_cast<std::size_t>(from)]) {
    SegmentClass of_rule = rule.segment;
    // SND.UNA and SND.NXT are one number then.
    if (nothing_outstanding && of_rule.ack == SegmentClass::Ack::una) {
      of_rule.ack = SegmentClass::Ack::nxt;
    }
    if (same_to(from, of_rule, segment)) next = next | rule.next;
  }
  return next;
}

StateSet Acceptor::after(State from, const FlowSegment& segment) const {
  StateSet next;
  // How far the target has taken what was sent is only known from its ACKs, which may be delayed.
  for (const auto& rcv_nxt : {acked_, sent_in_order_}) {
    const Numbers now = numbers(rcv_nxt.value_or(segment.seq));
    const SegmentClass of_segment =
        classify(segment.flags, segment.seq, segment.octets, segment.ack, now);
    const StateSet by_table = by_rules(from, of_segment, now.snd_una == now.snd_nxt);
    next = next | (by_table.empty() ? StateSet{from} | successors(from) : by_table);
  }
  return next;
}

void Acceptor::tester_sent(const FlowSegment& segment, bool broken) {
  refusal_.clear();
  last_word_ = segment.sighting->at;
  const StateSet before = states_;
  StateSet next;
  before.each([&](State state) { next = next | after(state, segment); });
  follow_numbers(segment);
  // A FIN that came before its turn counts once the gap is filled.
  if (tester_fin_ && sent_in_order_ == tester_fin_ && !segment.has(wire::flag::fin)) {
    StateSet with_fin;
    next.each([&](State state) { with_fin = with_fin | (successors(state) & fin_received); });
    next = next | with_fin;
  }
  // So does one on a SYN-ACK, once the connection stands; it may also be left to be sent again.
  const bool on_syn = segment.has(wire::flag::syn) && segment.has(wire::flag::fin);
  if (on_syn && before.has(syn_sent) && next.has(established)) next.add(close_wait);
  states_ = lossy_ || broken ? before | next : next;
  if (listening_ && states_.has(closed)) states_.add(listen);
  passing_ = between(before, states_);
}

/// What the numbers say of how far each side has come.
void Acceptor::follow_numbers(const FlowSegment& segment) {
  const bool open = (states_ & unsynchronised).empty();
  const bool fin = segment.has(wire::flag::fin) && !segment.has(wire::flag::rst) && open;
  if (segment.has(wire::flag::syn) && !open) {
    sent_in_order_ = segment.text_begin() + segment.octets;
  }
  if (tester_fin_ && segment.octets > 0 && !wire::lt(segment.end(), *tester_fin_)) {
    fin_doubtful_ = true;
  }
  if (fin) {
    // With a SYN it may be dropped, or wait for its turn.
    fin_doubtful_ |= segment.has(wire::flag::syn) || (tester_fin_ && *tester_fin_ != segment.end());
    tester_fin_ = segment.end();
  }
  const wire::Seq end = segment.end();
  const bool in_order = sent_in_order_ && !wire::lt(*sent_in_order_, segment.seq);
  if (in_order && wire::lt(*sent_in_order_, end)) sent_in_order_ = end;
  if (tester_fin_ && sent_in_order_ == *tester_fin_ - 1U) sent_in_order_ = tester_fin_;
  const bool acks = segment.has(wire::flag::ack) && !wire::lt(snd_nxt_, segment.ack);
  if (acks && wire::lt(snd_una_, segment.ack)) snd_una_ = segment.ack;
}

void Acceptor::narrow(StateSet to, std::string_view what) {
  const StateSet kept = states_ & to;
  if (kept.empty() && refusal_.empty()) {
    refusal_ = fmt::format("{}, but the wire permits {}", what, to_string(states_));
  }
  states_ = kept.empty() ? to : kept;
}

/// The target's SYN: an incarnation of its own begins.
void Acceptor::begin(const FlowSegment& syn) {
  const bool answers = syn.has(wire::flag::ack);
  narrow(answers ? StateSet{syn_received} : StateSet{syn_sent}, answers ? "a SYN-ACK" : "a SYN");
  closing_ = closing_ && answers;
  snd_una_ = syn.seq;
  snd_nxt_ = syn.end();
  tester_fin_.reset();
  fin_doubtful_ = false;
}

void Acceptor::target_sent(const Flow& flow, const FlowSegment& segment) {
  refusal_.clear();
  passing_ = {};
  if (segment.has(wire::flag::rst)) {
    // It may answer one segment, or end the connection.
    if (!(states_ - silent).empty()) states_.add(closed);
    if (listening_ && states_.has(closed)) states_.add(listen);
    return;
  }
  const bool syn = segment.has(wire::flag::syn);
  if (syn) {
    begin(segment);
  } else if (segment.has(wire::flag::fin)) {
    if (closing_) states_ = with_fin_sent(states_);
    narrow(fin_senders, "a FIN");
  } else if (segment.octets > 0 && wire::lt(snd_nxt_, segment.end())) {
    narrow(text_senders, "new text");
  } else {
    narrow(all_states - unsynchronised, "a segment of a connection");
  }
  if (wire::lt(snd_nxt_, segment.end())) snd_nxt_ = segment.end();
  if (!segment.has(wire::flag::ack)) return;
  acked_ = segment.ack;
  rcv_wnd_ = flow.offered(segment);
  if (!tester_fin_ || fin_doubtful_ || syn) return;
  if (segment.ack == *tester_fin_) {
    narrow(fin_received, "an ACK of the tester's FIN");
  } else {
    narrow(all_states - fin_received, "a segment that does not acknowledge the tester's FIN");
  }
}

StateSet Acceptor::shown(bool reported) const {
  StateSet shown = reported ? states_ | passing_ : states_;
  if (closing_) shown = shown | with_fin_sent(states_);
  return shown;
}

void Acceptor::passed(Instant now) {
  // Timers are long: less than a second ends nothing.
  if (now - last_word_ < 1s) return;
  passing_ = {};
  const bool waits = snd_una_ != snd_nxt_ || states_.has(syn_sent) || keep_alive_;
  if (states_.has(time_wait) || (waits && !(states_ - silent).empty())) states_.add(closed);
  if (listening_ && states_.has(closed)) states_.add(listen);
}

StateSet permitted_states(const Case& one_case, const Transcript& transcript, ConnId conn,
                          std::size_t last) {
  if (one_case.state_rules == nullptr || !has_its_own_ports(one_case, conn)) return all_states;
  StateSet states;
  std::size_t event = 0;
  follow(one_case, transcript, conn, [&](const Acceptor& acceptor, const Event&) {
    states = acceptor.shown(false);
    return event++ < last;
  });
  return states;
}

}  // namespace tcproof::checks
