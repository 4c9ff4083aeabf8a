// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "stack/tcp/connection.h"
#include "stack/tcp/rules.h"

// What to send and when: segmentizing, Nagle, SWS avoidance, the FIN, acknowledgments (RFC 9293
// 3.7.4, 3.8.6). New text is bounded by the usable window and by cwnd (RFC 5681); a zero-window
// probe and a FIN by the former only.

namespace tcproof::tcp {

using wire::geq;
using wire::gt;
using wire::lt;

/// Sends what may be sent now, and the acknowledgment that is due if nothing has carried it.
void Connection::output(Instant now) {
  if (may_transmit_text()) send_queued(now);
  if (ack_now_ && (synchronized() || state_ == State::syn_received)) send_ack(now);
  arm_persist(now);
}

bool Connection::may_transmit_text() const {
  switch (state_) {
    case State::established:
    case State::fin_wait_1:
    case State::close_wait:
    case State::closing:
    case State::last_ack: return true;
    case State::closed:
    case State::listen:
    case State::syn_sent:
    case State::syn_received:
    case State::fin_wait_2:
    case State::time_wait: return false;
  }
  return false;
}

void Connection::send_queued(Instant now) {
  if (unsent() != 0 && congestion_.restart_after_idle(now, rto_.rto())) {
    output_.trace(rule::restart_window);
  }
  while (send_next(congestion_room(), now)) {
  }
}

/// One new segment, if one may be sent; `room` is what congestion control leaves.
bool Connection::send_next(std::uint32_t room, Instant now) {
  const std::uint32_t queued = unsent();
  const std::uint32_t usable = usable_window();
  const std::uint32_t length = std::min({queued, usable, room, segment_room()});
  // The FIN follows the last octet, and takes a sequence number of the window. It is no data: cwnd
  // does not hold it.
  const bool fin = fin_unsent() && length == queued && usable > length;
  if (length == 0 && !fin) return false;
  if (length != 0 && !may_send(length, queued)) return false;
  transmit(tcb_.snd.nxt, length, fin, now);
  return true;
}

/// 3.8.6.2.1, rules (1) to (3), where `length` is min(D,U,Eff.snd.MSS) and `queued` is D.
/// Everything queued counts as pushed. The bracketed condition is Nagle's (3.7.4); it holds for the
/// last octets before a FIN, too.
bool Connection::may_send(std::uint32_t length, std::uint32_t queued) const {
  if (length >= segment_room()) return true;
  if (config_.nagle && outstanding()) return false;
  return length == queued || length >= std::max<std::uint32_t>(tcb_.snd.max_wnd / 2, 1);
}

/// U = SND.UNA + SND.WND - SND.NXT, and 0 if the window has shrunk below what was sent (MUST-34).
std::uint32_t Connection::usable_window() const {
  const std::int32_t usable = tcb_.snd.una + tcb_.snd.wnd - tcb_.snd.nxt;
  return usable > 0 ? static_cast<std::uint32_t>(usable) : 0;
}

/// FlightSize of RFC 5681 2: the text sent and not yet acknowledged. SYN and FIN are no text.
std::uint32_t Connection::flight_size() const {
  if (!tcb_.snd.syn_acked) return 0;
  const Seq end = tcb_.snd.fin ? *tcb_.snd.fin : tcb_.snd.nxt;
  return gt(end, tcb_.snd.una) ? static_cast<std::uint32_t>(end - tcb_.snd.una) : 0;
}

/// The sequence number of the first octet in the send buffer.
Seq Connection::text_seq() const {
  return tcb_.snd.syn_acked ? tcb_.snd.una : tcb_.iss + 1;
}

/// D: octets queued and not yet sent.
std::uint32_t Connection::unsent() const {
  if (tcb_.snd.fin) return 0;
  const Seq end = text_seq() + static_cast<std::uint32_t>(send_buffer_.size());
  return static_cast<std::uint32_t>(end - tcb_.snd.nxt);
}

bool Connection::fin_unsent() const {
  return close_called_ && !tcb_.snd.fin;
}

/// Sends `length` octets from `seq` on, and the FIN if `fin`, new or again; SND.NXT, the timers and
/// the pending acknowledgment follow from it.
void Connection::transmit(Seq seq, std::uint32_t length, bool fin, Instant now) {
  const auto offset = static_cast<std::uint32_t>(seq - text_seq());
  const Seq text_end = seq + length;
  advance_receive_window();
  Segment segment{.seq = seq, .ack = tcb_.rcv.nxt, .flags = wire::flag::ack, .wnd = window_field()};
  if (length != 0) segment.text = send_buffer_.view(offset, length);
  if (fin) segment.flags = segment.flags | wire::flag::fin;
  // MUST-61: PSH on the segment that empties the buffer, and on the one that ends a SEND with PUSH.
  const bool empties = length != 0 && offset + length == send_buffer_.size();
  const bool ends_push = push_ && lt(seq, *push_) && geq(text_end, *push_);
  if (empties || ends_push) segment.flags = segment.flags | wire::flag::psh;
  mark_urgent(segment);
  add_options(segment, now);

  const Seq end = text_end + (fin ? 1U : 0U);
  if (!outstanding()) unanswered_.restart(now);
  if (seq == tcb_.snd.nxt) {
    rto_.time(end, now);
  } else {
    rto_.forget_timed();  // Karn (RFC 6298 3)
    scoreboard_.resent(end);
  }
  if (length != 0) {
    congestion_.sent(now);
    path_claims_.sent(packet_size(segment), end);
  }
  const bool new_fin = fin && !tcb_.snd.fin;
  if (new_fin) tcb_.snd.fin = text_end;
  if (gt(end, tcb_.snd.nxt)) tcb_.snd.nxt = end;
  if (!timers_.retransmission && !zero_window()) start_retransmission_timer(now);
  acknowledged_peer();
  output_.segment(segment);
  if (new_fin && state_ == State::close_wait) enter(State::last_ack, rule::close);
}

/// 3.8.5: every segment before the end of the urgent data says where that end is.
void Connection::mark_urgent(Segment& segment) const {
  if (!tcb_.snd.urgent || !gt(tcb_.snd.up, segment.seq)) return;
  const auto ahead = static_cast<std::uint32_t>(tcb_.snd.up - segment.seq);
  segment.up = static_cast<std::uint16_t>(std::min<std::uint32_t>(ahead, 0xffff));
  segment.flags = segment.flags | wire::flag::urg;
}

/// The segment at the front of the retransmission queue (3.10.8), cut anew to what fits now.
void Connection::transmit_earliest(Instant now) {
  if (!tcb_.snd.syn_acked) return send_syn(now);
  transmit_from_una(flight_size(), now);
}

/// Up to `text` octets from SND.UNA on. A zero window still takes one: the probe.
void Connection::transmit_from_una(std::uint32_t text, Instant now) {
  // RFC 7323 2.4: an edge that moved back because scaled windows are coarse does not stop the first
  // retransmission of what was inside before.
  const bool unless_moved = window_scaling_ && tcb_.snd.wnd != 0 && unanswered_.transmissions <= 1;
  const std::uint32_t sent = unless_moved ? flight_size() : 0;
  const std::uint32_t window = std::max({tcb_.snd.wnd, sent, std::uint32_t{1}});
  const std::uint32_t length = std::min({text, window, segment_room()});
  const bool last = length == send_buffer_.size();
  const bool fin = last && close_called_ && (tcb_.snd.fin || window > length) &&
                   (tcb_.snd.wnd != 0 || length == 0);
  transmit(tcb_.snd.una, length, fin, now);
}

/// A SYN always carries the MSS option (SHLD-5, MAY-3); after LISTEN or a crossing SYN it
/// acknowledges as well. Its window is not scaled.
void Connection::send_syn(Instant now) {
  if (state_ == State::syn_sent) advance_receive_window();
  Segment segment{.seq = tcb_.iss,
                  .flags = wire::flag::syn,
                  .wnd = static_cast<std::uint16_t>(std::min<std::uint32_t>(tcb_.rcv.wnd, 0xffff))};
  if (state_ != State::syn_sent) {
    segment.flags = segment.flags | wire::flag::ack;
    segment.ack = tcb_.irs + 1;
  }
  add_syn_options(segment, now);
  if (!timers_.retransmission) start_retransmission_timer(now);
  output_.segment(segment);
}

/// <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>
void Connection::send_ack(Instant now) {
  send_empty(tcb_.snd.nxt, now);
}

/// `seq` is SND.NXT, or the octet before it in a keep-alive.
void Connection::send_empty(Seq seq, Instant now) {
  advance_receive_window();
  Segment segment{.seq = seq, .ack = tcb_.rcv.nxt, .flags = wire::flag::ack, .wnd = window_field()};
  mark_urgent(segment);
  add_options(segment, now);
  acknowledged_peer();
  output_.segment(segment);
}

/// <SEQ=SND.NXT><CTL=RST>
void Connection::send_reset(Instant now) {
  Segment segment{.seq = tcb_.snd.nxt, .flags = wire::flag::rst};
  if (timestamps_.agreed()) {  // RFC 7323 5.2
    segment.timestamps =
        wire::TcpOptionView::Timestamps{timestamps_.clock(now), timestamps_.recent()};
  }
  output_.segment(segment);
}

/// 3.8.6.3: at least every second full-sized segment is acknowledged at once (SHLD-19). Full-sized
/// is what we would send ourselves, as for the window (3.8.6.2.2).
void Connection::delay_ack(std::uint32_t octets, Instant now) {
  ack_pending_ += octets;
  if (ack_pending_ >= 2U * effective_send_mss() || !config_.features.delayed_ack) {
    ack_now_ = true;
  } else if (!timers_.delayed_ack) {
    timers_.delayed_ack = now + config_.delayed_ack;
  }
}

/// A segment that acknowledges RCV.NXT leaves.
void Connection::acknowledged_peer() {
  timestamps_.acknowledged(tcb_.rcv.nxt);
  ack_now_ = false;
  ack_pending_ = 0;
  timers_.delayed_ack.reset();
}

}  // namespace tcproof::tcp
