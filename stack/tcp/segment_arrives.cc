// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "stack/tcp/connection.h"
#include "stack/tcp/reset.h"
#include "stack/tcp/rules.h"

// RFC 9293 3.10.7, SEGMENT ARRIVES, in its order and its words, with the checks of RFC 5961 and RFC
// 7323 where these place them (the latter's are in paws.cc). What an acknowledgment says about
// losses is in recovery.cc. Security and compartment (the third check of 3.10.7.4) do not exist here.
// Before working on this file read RFC 9293 3.4 and 3.10.7, then RFC 5961.

namespace tcproof::tcp {

using wire::geq;
using wire::gt;
using wire::leq;
using wire::lt;

namespace {

/// What a SYN segment carries besides the SYN, as a segment of its own.
Segment without_syn(const Segment& seg) {
  Segment rest = seg;
  rest.flags = seg.flags.without(wire::flag::syn);
  rest.seq = seg.seq + 1;
  if (rest.up != 0) rest.up -= 1;  // it counts from the SYN
  return rest;
}

}  // namespace

void Connection::on_segment(const Segment& seg, Instant now) {
  switch (state_) {
    case State::closed:
      return output_.trace(rule::closed);                // .1: the host answers, there is no TCB
    case State::listen: on_listen(seg, now); break;      // .2
    case State::syn_sent: on_syn_sent(seg, now); break;  // .3
    case State::syn_received:
    case State::established:
    case State::fin_wait_1:
    case State::fin_wait_2:
    case State::close_wait:
    case State::closing:
    case State::last_ack:
    case State::time_wait: on_other_states(seg, now); break;  // .4
  }
  output(now);  // one acknowledgment for all of it, on data if there is any (MUST-58)
}

/// 3.10.7.2
void Connection::on_listen(const Segment& seg, Instant now) {
  if (seg.rst()) return output_.trace(rule::listen_rst);  // First
  if (seg.ack_flag()) {                                   // Second
    output_.trace(rule::listen_ack);
    return output_.segment(reset_at_ack(seg));
  }
  if (!seg.syn()) return output_.trace(rule::listen_other);  // Fourth
  accept_syn(seg, now);                                      // Third
  tcb_.snd.nxt = tcb_.iss + 1;
  enter(State::syn_received, rule::listen_syn);
  unanswered_.restart(now);
  rto_.time(tcb_.snd.nxt, now);
  send_syn(now);
}

/// What a SYN teaches, in LISTEN and in SYN-SENT. Its window is noted even in LISTEN, where the RFC
/// waits for the ACK: a FIN may have to be sent before that comes (3.10.4).
void Connection::accept_syn(const Segment& seg, Instant now) {
  tcb_.irs = seg.seq;
  tcb_.rcv.nxt = seg.seq + 1;
  advance_receive_window();
  set_send_window(seg);
  agree_options(seg, now);
  if (seg.ack_flag()) return;
  // "Any other incoming control or data (combined with SYN)" is kept and processed once
  // ESTABLISHED.
  Segment rest = without_syn(seg);
  trim_to_window(rest);
  receive_buffer_.insert(0, rest.text);
  if (rest.fin()) tcb_.rcv.fin = rest.seq + static_cast<std::uint32_t>(rest.text.size());
}

/// 3.10.7.3
void Connection::on_syn_sent(const Segment& seg, Instant now) {
  if (seg.ack_flag() && (leq(seg.ack, tcb_.iss) || gt(seg.ack, tcb_.snd.nxt))) {  // First
    if (seg.rst()) return output_.trace(rule::syn_sent_bad_ack_rst);
    output_.trace(rule::syn_sent_bad_ack);
    return output_.segment(reset_at_ack(seg));
  }
  if (seg.rst()) {  // Second
    if (!seg.ack_flag()) return output_.trace(rule::syn_sent_rst_no_ack);
    return end(Error::connection_reset, rule::syn_sent_rst);
  }
  if (!seg.syn()) return output_.trace(rule::syn_sent_other);  // Fifth
  syn_sent_syn(seg, now);                                      // Fourth
}

/// Fourth of 3.10.7.3: the three-way handshake goes on, or two SYNs have crossed (figure 8).
void Connection::syn_sent_syn(const Segment& seg, Instant now) {
  accept_syn(seg, now);
  if (!seg.ack_flag()) {
    enter(State::syn_received, rule::syn_sent_crossing);
    rto_.forget_timed();  // our SYN goes out a second time, in the SYN,ACK (RFC 6298 3)
    timers_.retransmission.reset();
    return send_syn(now);
  }
  acknowledge_up_to(seg, now);
  established(rule::syn_sent_established, now);
  ack_now_ = true;
  Segment rest = without_syn(seg);  // "continue processing at the sixth step"
  trim_to_window(rest);
  check_urg(rest);
  process_text(rest, now);
  check_fin(rest, now);
}

/// 3.10.7.4. Eight checks in the RFC's order; the first five may drop the segment.
void Connection::on_other_states(Segment seg, Instant now) {
  // Before the first check takes away what does not fit. What lies left of RCV.NXT is no answer.
  const bool came_empty = seg.len() == 0 && geq(seg.seq, tcb_.rcv.nxt);
  if (refused_by_time_wait(seg)) return output_.trace(rule::time_wait_syn);
  if (check_timestamp(seg, now) == Next::drop) return;        // RFC 7323 5.3 R1
  if (check_sequence(seg, now) == Next::drop) return;         // First
  note_timestamp(seg, now);                                   // R3
  if (check_rst(seg, now) == Next::drop) return;              // Second
  if (check_syn(seg, now) == Next::drop) return;              // Fourth
  if (check_ack(seg, came_empty, now) == Next::drop) return;  // Fifth
  note_duplicate(seg);
  trim_to_window(seg);     // not before: RFC 5961 compares the arriving SEG.SEQ
  check_urg(seg);          // Sixth
  process_text(seg, now);  // Seventh
  check_fin(seg, now);     // Eighth
}

/// A SYN that opens nothing. RFC 6191 2 drops it without a word; RFC 9293 3.10.7.4 makes way for
/// that where timestamps decide, and asks for the challenge ACK of RFC 5961 "for all other cases".
/// Without challenge ACKs only the former is left.
bool Connection::refused_by_time_wait(const Segment& seg) const {
  if (state_ != State::time_wait || !seg.syn() || seg.ack_flag() || seg.rst()) return false;
  const Features& features = config_.features;
  return (features.timestamps && seg.timestamps) || !features.challenge_ack;
}

/// First: the four cases of table 6. While RCV.WND is zero, valid ACKs, URGs and RSTs are still
/// accepted.
Connection::Next Connection::check_sequence(Segment& seg, Instant now) {
  const Tcb::Receive& rcv = tcb_.rcv;
  const std::uint32_t len = seg.len();
  if (is_probe(seg)) return take_probe(seg, now);
  if (rcv.wnd == 0) {
    if (seg.seq != rcv.nxt) return refuse_sequence(seg, now);
    if (len == 0 || seg.syn()) return Next::step;
    if (!seg.rst()) {
      output_.trace(rule::zero_window_text);
      ack_now_ = true;  // "showing its next expected sequence number and current window" (3.8.6.1)
    }
    seg.text = {};
    seg.flags = seg.flags.without(wire::flag::fin);
    return Next::step;
  }
  const bool first_in = wire::in_window(seg.seq, rcv.nxt, rcv.wnd);
  const bool last_in = len > 0 && wire::in_window(seg.seq + (len - 1), rcv.nxt, rcv.wnd);
  // A segment that begins left of the window and ends right of it holds all of it.
  const bool around = lt(seg.seq, rcv.nxt) && gt(seg.seq + len, rcv.nxt);
  return first_in || last_in || around ? Next::step : refuse_sequence(seg, now);
}

/// Appendix A.2: the octet just left of RCV.NXT, or none at it, as window probes and keep-alives
/// are sent.
bool Connection::is_probe(const Segment& seg) const {
  const wire::TcpFlags control = wire::flag::syn | wire::flag::fin | wire::flag::rst;
  return synchronized() && state_ != State::time_wait && seg.ack_flag() &&
         !seg.flags.any(control) && seg.seq == tcb_.rcv.nxt - 1 && seg.text.size() <= 1;
}

/// It is answered, and what else it says is not lost: two ends that probe each other's closed
/// window would else never learn that it has opened. An octet may be text sent again: no limit
/// withholds its answer, which reports a duplicate (RFC 2883 4).
Connection::Next Connection::take_probe(Segment& seg, Instant now) {
  if (seg.text.empty()) {
    challenge_ack(rule::check_sequence_probe, now);
  } else {
    output_.trace(rule::check_sequence_probe);
    note_duplicate(seg);
    ack_now_ = true;
  }
  seg.text = {};
  seg.seq = tcb_.rcv.nxt;
  if (seg.up != 0) seg.up -= 1;
  return Next::step;
}

/// "An acknowledgment should be sent in reply (unless the RST bit is set)". An empty segment draws
/// no more of them than RFC 5961 7 allows, or two ends that both stand right of the other's window
/// would answer each other for ever.
Connection::Next Connection::refuse_sequence(const Segment& seg, Instant now) {
  if (seg.rst()) {
    output_.trace(rule::check_sequence_rst);
    return Next::drop;
  }
  if (seg.syn() && synchronized()) {  // RFC 5961 4.2: irrespective of the sequence number
    challenge_ack(rule::check_syn_challenge, now);
    return Next::drop;
  }
  if (seg.len() == 0) {
    challenge_ack(rule::check_sequence, now);
    return Next::drop;
  }
  // The peer's FIN again lies left of RCV.NXT, so what the fifth check says about TIME-WAIT happens
  // here.
  if (state_ == State::time_wait && seg.fin() && seg.seq + seg.len() == tcb_.rcv.nxt) {
    output_.trace(rule::time_wait_fin_again);
    timers_.time_wait = now + 2 * config_.msl;
  } else {
    output_.trace(rule::check_sequence);
  }
  note_duplicate(seg);
  ack_now_ = true;
  return Next::drop;
}

/// Second. RFC 5961 3.2: only a RST at RCV.NXT is believed.
Connection::Next Connection::check_rst(const Segment& seg, Instant now) {
  if (!seg.rst()) return Next::step;
  if (state_ == State::time_wait) {  // RFC 1337 3: an old RST must not cut TIME-WAIT short
    output_.trace(rule::check_rst_time_wait);
    return Next::drop;
  }
  // 1): what counts is where it begins, though its text may reach into the window.
  if (lt(seg.seq, tcb_.rcv.nxt) && config_.features.challenge_ack) {
    output_.trace(rule::check_sequence_rst);
    return Next::drop;
  }
  if (seg.seq != tcb_.rcv.nxt && config_.features.challenge_ack) {
    challenge_ack(rule::check_rst_challenge, now);
    return Next::drop;
  }
  switch (state_) {
    case State::syn_received:
      if (passive_)
        return_to_listen(rule::check_rst_listen);
      else
        end(Error::connection_refused, rule::check_rst_refused);
      break;
    case State::established:
    case State::fin_wait_1:
    case State::fin_wait_2:
    case State::close_wait: end(Error::connection_reset, rule::check_rst_reset); break;
    case State::closing:
    case State::last_ack: end(Error::none, rule::check_rst_closed); break;
    case State::closed:
    case State::listen:
    case State::syn_sent:
    case State::time_wait: break;
  }
  return Next::drop;
}

/// Fourth. RFC 5961 4.2, or the reset of RFC 793 where that is not done.
Connection::Next Connection::check_syn(const Segment& seg, Instant now) {
  if (!seg.syn()) return Next::step;
  if (state_ == State::syn_received && passive_) {
    return_to_listen(rule::check_syn_listen);
  } else if (!config_.features.challenge_ack) {
    send_reset(now);
    end(Error::connection_reset, rule::check_syn_reset);
  } else {
    challenge_ack(rule::check_syn_challenge, now);
  }
  return Next::drop;
}

/// Fifth. Acknowledge, update the window, then let the ACK of our FIN move the state.
Connection::Next Connection::check_ack(const Segment& seg, bool came_empty, Instant now) {
  if (!seg.ack_flag()) {
    output_.trace(rule::check_ack_off);
    return Next::drop;
  }
  if (!tcb_.snd.syn_acked) return syn_received_ack(seg, now);
  if (gt(seg.ack, tcb_.snd.nxt)) {
    challenge_ack(rule::check_ack_future, now);
    return Next::drop;
  }
  if (config_.features.challenge_ack && lt(seg.ack, tcb_.snd.una - tcb_.snd.max_wnd)) {
    challenge_ack(rule::check_ack_old, now);
    return Next::drop;
  }
  heard_from_peer(now);
  if (zero_window()) unanswered_.restart(now);  // the peer lives, so probing goes on (MUST-37)
  const bool duplicate = is_duplicate_ack(seg, came_empty);
  tcb_.snd.last_wnd = offered_window(seg);
  const bool advances = gt(seg.ack, tcb_.snd.una);
  if (advances) acknowledge_up_to(seg, now);
  const bool sacked = update_scoreboard(seg);
  if (geq(seg.ack, tcb_.snd.una)) update_send_window(seg, now);
  recover(advances, duplicate, sacked, now);
  return after_ack(seg, now);
}

/// Fifth, until our SYN is acknowledged: in SYN-RECEIVED, and in FIN-WAIT-1 if CLOSE came that
/// early. RFC 5961 5.2's range does not help here; the RFC asks for exactly this range and a RST.
Connection::Next Connection::syn_received_ack(const Segment& seg, Instant now) {
  if (leq(seg.ack, tcb_.snd.una) || gt(seg.ack, tcb_.snd.nxt)) {
    output_.trace(rule::check_ack_syn_received);
    output_.segment(reset_at_ack(seg));
    return Next::drop;
  }
  acknowledge_up_to(seg, now);
  set_send_window(seg);
  if (state_ == State::syn_received) established(rule::check_ack_established, now);
  return after_ack(seg, now);
}

Connection::Next Connection::after_ack(const Segment& seg, Instant now) {
  const bool fin_acked = tcb_.snd.fin && gt(tcb_.snd.una, *tcb_.snd.fin);
  switch (state_) {
    case State::fin_wait_1:
      if (fin_acked) enter(State::fin_wait_2, rule::check_ack_fin_wait_2);
      return Next::step;
    case State::closing:
      if (fin_acked) start_time_wait(rule::check_ack_closing, now);
      return Next::drop;
    case State::last_ack:
      if (fin_acked) end(Error::none, rule::check_ack_last_ack);
      return Next::drop;
    case State::time_wait:
      // "The only thing that can arrive in this state is a retransmission of the remote FIN." A
      // mere ACK is not answered, or two ends in TIME-WAIT would talk for ever.
      output_.trace(rule::check_ack_ignored);
      if (seg.len() != 0) ack_now_ = true;
      if (seg.fin()) timers_.time_wait = now + 2 * config_.msl;
      return Next::drop;
    case State::closed:
    case State::listen:
    case State::syn_sent:
    case State::syn_received:
    case State::established:
    case State::fin_wait_2:
    case State::close_wait: return Next::step;
  }
  return Next::step;
}

/// Sixth. RCV.UP never recedes.
void Connection::check_urg(const Segment& seg) {
  if (!seg.flags.has(wire::flag::urg) || !config_.features.urgent || !may_receive_text()) return;
  const Seq up = seg.seq + seg.up;
  const bool advances = tcb_.rcv.urgent ? gt(up, tcb_.rcv.up) : gt(up, tcb_.rcv.nxt);
  if (!advances) return;
  tcb_.rcv.up = up;
  tcb_.rcv.urgent = true;
  output_.trace(rule::check_urg);
  output_.report(Report::urgent);  // MUST-32
}

/// Seventh. `seg` lies within the window. What came out of order is held (SHLD-31) and acknowledged
/// at once, and so is what fills a gap (RFC 5681 4.2); the rest may wait a little (3.8.6.3).
void Connection::process_text(const Segment& seg, Instant now) {
  if (tcb_.rcv.fin_taken) {
    if (!seg.text.empty()) output_.trace(rule::text_after_fin);
    return;
  }
  const bool had_gap = receive_buffer_.has_gap();
  wire::Bytes text = seg.text;
  const auto offset = static_cast<std::uint32_t>(seg.seq - tcb_.rcv.nxt);
  if (tcb_.rcv.fin) {  // nothing can follow the FIN
    const auto room = static_cast<std::uint32_t>(*tcb_.rcv.fin - tcb_.rcv.nxt);
    text = text.first(offset < room ? std::min<std::size_t>(text.size(), room - offset) : 0);
  }
  const bool kept = receive_buffer_.insert(offset, text);
  if (!kept) output_.trace(rule::text_no_place);
  const bool in_order = offset == 0 && !had_gap;
  if (tcb_.sack_permitted && !in_order) note_piece(seg.seq, text, kept);
  const auto octets = static_cast<std::uint32_t>(receive_buffer_.advance());
  tcb_.rcv.nxt += octets;
  tcb_.rcv.wnd -= octets;
  if (receive_stopped_ && octets != 0 && !throw_away_text(now)) return;
  if (octets != 0 && !had_gap) {
    delay_ack(octets, now);
  } else if (octets != 0 || !seg.text.empty()) {
    ack_now_ = true;
  }
}

/// Nobody will read what has come. False: the user has closed as well, so the peer is told that
/// data was lost (3.6.1, SHLD-3), and the connection is gone.
bool Connection::throw_away_text(Instant now) {
  if (close_called_) {
    send_reset(now);
    end(Error::none, rule::text_after_close);
    return false;
  }
  output_.trace(rule::text_unwanted);
  receive_buffer_.discard();
  return true;
}

/// Eighth. A FIN with a hole before it is remembered and taken when the hole is filled.
void Connection::check_fin(const Segment& seg, Instant now) {
  if (tcb_.rcv.fin_taken || state_ == State::closed) return;
  if (seg.fin()) {
    if (!tcb_.rcv.fin) tcb_.rcv.fin = seg.seq + static_cast<std::uint32_t>(seg.text.size());
    ack_now_ = true;
  }
  if (tcb_.rcv.fin && *tcb_.rcv.fin == tcb_.rcv.nxt) take_fin(now);
}

/// RCV.NXT advances over the FIN, which is acknowledged at once.
void Connection::take_fin(Instant now) {
  tcb_.rcv.fin_taken = true;
  tcb_.rcv.nxt += 1;
  if (tcb_.rcv.wnd != 0) tcb_.rcv.wnd -= 1;
  ack_now_ = true;
  switch (state_) {
    case State::syn_received:
    case State::established: return enter(State::close_wait, rule::check_fin);
    case State::
        fin_wait_1:  // had our FIN been acknowledged, the fifth check would have left this state
      return enter(State::closing, rule::check_fin);
    case State::fin_wait_2: return start_time_wait(rule::check_fin, now);
    case State::close_wait:
    case State::closing:
    case State::last_ack:
    case State::time_wait:
    case State::closed:
    case State::listen:
    case State::syn_sent: return;
  }
}

/// One sample for each acknowledgment with timestamps (RFC 7323 4.1), else for each timed segment
/// (RFC 6298 3). Before SND.UNA moves.
void Connection::measure_round_trip(const Segment& seg, Instant now) {
  if (!timestamps_.agreed()) return rto_.acknowledged(seg.ack, now);
  if (!seg.timestamps) return;
  const auto rtt = timestamps_.round_trip(seg.timestamps->ecr, now);
  // After a timeout only the echo of the latest retransmission measures the path (RFC 7323 4.1: a
  // MAY). An older one also tells how long an acknowledgment that was lost was waited for: taken as
  // a sample it would make each timeout longer than the one before. Without one the back-off stays,
  // as Karn has it (RFC 6298 3).
  const bool sent_again = unanswered_.transmissions != 0;
  if (sent_again && rtt && *rtt > now - unanswered_.again_at + Timestamps::tick) return;
  // RFC 7323 G: an ACK for every second segment is expected.
  const std::uint32_t two = 2U * effective_send_mss();
  if (rtt) rto_.sample(*rtt, std::max(1U, (flight_size() + two - 1) / two));
}

/// SND.UNA <- SEG.ACK, which is beyond it and not beyond SND.NXT. RFC 6298 (5.2), (5.3).
void Connection::acknowledge_up_to(const Segment& seg, Instant now) {
  const Seq ack = seg.ack;
  auto octets = static_cast<std::uint32_t>(ack - tcb_.snd.una);
  measure_round_trip(seg, now);
  const bool of_syn = !tcb_.snd.syn_acked;
  if (of_syn) {
    tcb_.snd.syn_acked = true;
    octets -= 1;
    const bool again = unanswered_.transmissions != 0;
    if (again) rto_.syn_was_retransmitted();  // (5.7)
    congestion_.begin(effective_send_mss(), again, tcb_.sack_permitted);
    scoreboard_.begin(effective_send_mss(), ack);
  }
  if (tcb_.snd.fin && gt(ack, *tcb_.snd.fin)) octets -= 1;
  send_buffer_.drop_front(octets);
  tcb_.snd.una = ack;
  path_claims_.acknowledged(ack);
  if (tcb_.snd.urgent && geq(ack, tcb_.snd.up)) tcb_.snd.urgent = false;
  if (!of_syn) congestion_.acknowledged(ack, octets, flight_size());
  scoreboard_.advance(ack);
  if (resend_until_ && geq(ack, *resend_until_)) {
    resend_until_.reset();
    scoreboard_.begin_recovery(ack);  // nothing beyond counts as sent again
  }
  soft_error_ = false;
  unanswered_.restart(now);
  restart_retransmission_timer(now);
}

void Connection::established(std::string_view rule, Instant now) {
  enter(State::established, rule);
  heard_from_peer(now);
  if (close_called_) enter(State::fin_wait_1, rule::close);  // it was queued until now (3.10.4)
}

void Connection::start_time_wait(std::string_view rule, Instant now) {
  timers_.stop_all();
  timers_.time_wait = now + 2 * config_.msl;
  enter(State::time_wait, rule);
}

/// <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, not more often than RFC 5961 7 allows.
void Connection::challenge_ack(std::string_view rule, Instant now) {
  output_.trace(rule);
  if (!challenge_limit_.allow(now, config_.challenge_ack_limit, config_.challenge_ack_period)) {
    return output_.trace(rule::challenge_limited);
  }
  send_ack(now);
}

}  // namespace tcproof::tcp
