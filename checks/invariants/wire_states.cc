// SPDX-License-Identifier: Apache-2.0
// A state that a target shows does not contradict what went over the wire before: nobody is in
// FIN-WAIT-2 whose FIN was not acknowledged, or still ESTABLISHED after it has sent a FIN or
// acknowledged one. A state that lies, or one that is looked up wrongly, is a finding of its own.
//
// What the tester sent only bounds the state from above, since the target may have dropped it; what
// the target sent is its word (RFC 9293 3.3.2, figure 5). A FIN of the tester does not count once
// text was sent at or beyond its number: an acknowledgment may then be of the text. The first frame
// of a connection gives it its incarnation; states shown before that are not looked at.
#include <fmt/format.h>

#include <optional>

#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"

namespace tcproof::checks {
namespace {

/// What one connection's segments say so far.
struct Wire {
  bool tester_syn = false, target_syn = false;
  std::optional<wire::Seq> tester_fin, target_fin;  // the number behind the FIN
  bool tester_fin_void = false;
  bool tester_fin_acked = false, target_fin_acked = false;

  void add(const FlowSegment& segment) {
    if (segment.has(wire::flag::rst)) return;
    segment.from_target ? add_targets(segment) : add_testers(segment);
  }

 private:
  void add_targets(const FlowSegment& segment) {
    target_syn |= segment.has(wire::flag::syn);
    if (segment.has(wire::flag::fin)) target_fin = segment.end();
    const bool acks = segment.has(wire::flag::ack) && tester_fin && segment.ack == *tester_fin;
    tester_fin_acked |= acks && !tester_fin_void;
  }
  void add_testers(const FlowSegment& segment) {
    tester_syn |= segment.has(wire::flag::syn);
    const wire::Seq text_end = segment.text_begin() + segment.octets;
    if (tester_fin && segment.octets > 0 && !wire::lt(text_end, *tester_fin))
      tester_fin_void = true;
    if (segment.has(wire::flag::fin)) {
      tester_fin_void |= tester_fin && *tester_fin != segment.end();
      tester_fin = segment.end();
    }
    target_fin_acked |=
        segment.has(wire::flag::ack) && target_fin && !wire::lt(segment.ack, *target_fin);
  }
};

/// Why `state` cannot be; empty if the wire permits it.
std::string_view contradiction(State state, const Wire& wire) {
  const bool received_fin = state == State::close_wait || state == State::last_ack ||
                            state == State::closing || state == State::time_wait;
  const bool sent_fin = state == State::fin_wait_2 || state == State::time_wait;
  const bool ended = state == State::closed || state == State::listen;
  if (!ended && state != State::syn_sent && !wire.tester_syn) return "the tester has sent no SYN";
  const bool open = !ended && state != State::syn_sent && state != State::syn_received;
  if (open && !wire.target_syn) return "the target has sent no SYN";
  if (received_fin && !wire.tester_fin) return "the tester has sent no FIN";
  if (sent_fin && !wire.target_fin) return "the target has sent no FIN";
  if (sent_fin && !wire.target_fin_acked) return "the target's FIN is not acknowledged";
  const bool before_fin = state == State::syn_sent || state == State::syn_received ||
                          state == State::established || state == State::close_wait;
  if (before_fin && wire.target_fin) return "the target has sent its FIN";
  const bool unaware = !ended && !received_fin;
  if (unaware && wire.tester_fin_acked) return "the target has acknowledged the tester's FIN";
  return {};
}

/// The event at which the next incarnation of the same connection begins.
std::size_t end_of(const std::vector<Flow>& flows, std::size_t at, std::size_t last) {
  for (std::size_t i = at + 1; i < flows.size(); ++i) {
    if (flows[i].conn == flows[at].conn && !flows[i].segments.empty())
      return flows[i].segments.front().sighting->event;
  }
  return last;
}

}  // namespace

void check_wire_states(const Case& one_case, const Transcript& transcript, Failures& out) {
  if (one_case.state_report == StateReport::none) return;
  const auto& events = transcript.trace().events();
  const auto& flows = transcript.flows();
  for (std::size_t i = 0; i < flows.size(); ++i) {
    const Flow& flow = flows[i];
    if (flow.segments.empty()) continue;
    Wire wire;
    auto segment = flow.segments.begin();
    const std::size_t end = end_of(flows, i, events.size());
    for (std::size_t at = segment->sighting->event; at < end; ++at) {
      for (; segment != flow.segments.end() && segment->sighting->event <= at; ++segment)
        wire.add(*segment);
      const auto* seen = std::get_if<StateSeen>(&events[at]);
      if (seen == nullptr || seen->conn != flow.conn) continue;
      const std::string_view why = contradiction(seen->state, wire);
      if (why.empty()) continue;
      Failure failure;
      failure.at = seen->at;
      failure.got = to_string(seen->state);
      failure.what = fmt::format("shows {}, but {}", to_string(seen->state), why);
      out.push_back(std::move(failure));
      break;
    }
  }
}

}  // namespace tcproof::checks
