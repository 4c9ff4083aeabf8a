// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "stack/tcp/connection.h"
#include "stack/tcp/rules.h"

// RFC 9293 3.10.8 and 3.8.6.1, RFC 6298 5: what happens when a timer goes off.

namespace tcproof::tcp {

void Connection::on_timeout(Instant now) {
  if (take_due(timers_.time_wait, now)) return end(Error::none, rule::time_wait_over);
  if (take_due(timers_.delayed_ack, now)) {
    output_.trace(rule::delayed_ack);
    send_ack(now);
  }
  if (take_due(timers_.retransmission, now)) retransmission_timeout(now);
  if (take_due(timers_.persist, now)) persist_timeout(now);
  if (take_due(timers_.keep_alive, now)) keep_alive_timeout(now);
}

/// No timer outlasts R2, so that a user timeout is kept to the instant.
void Connection::start_retransmission_timer(Instant now) {
  timers_.retransmission = std::min(now + rto_.rto(), std::max(now, give_up_at()));
}

/// R2 (3.8.3 (c)) as an instant.
Instant Connection::give_up_at() const {
  return unanswered_.since + (tcb_.snd.syn_acked ? config_.r2 : config_.r2_syn);
}

/// RFC 6298 (5.2), (5.3): new data is acknowledged. Later partial ACKs of one recovery do not
/// restart the timer (RFC 6582 3.2 step 3), so that a window with many losses ends in slow start
/// and not in one round trip each.
void Connection::restart_retransmission_timer(Instant now) {
  if (timers_.retransmission && outstanding() && congestion_.past_first_partial()) return;
  timers_.retransmission.reset();
  if (outstanding() && !zero_window()) start_retransmission_timer(now);
}

/// RFC 6298 (5.4) to (5.6): the earliest segment again, and twice the patience.
void Connection::retransmission_timeout(Instant now) {
  if (gave_up(now)) return;
  output_.trace(rule::retransmit);
  const bool again = unanswered_.transmissions != 0;
  unanswered_.sent_again(now);
  if (unanswered_.transmissions == config_.r1) advise_at_r1();
  rto_.back_off();
  rto_.forget_timed();
  if (tcb_.snd.syn_acked) {
    resend_all_outstanding();
    congestion_.timed_out(tcb_.snd.nxt, flight_size(), again);
    if (const auto mtu = path_claims_.timed_out(tcb_.snd.una)) {
      lower_path_mtu(*mtu, rule::too_big_confirmed);
    }
  }
  transmit_earliest(now);
}

/// 3.8.3 (b), R1: the IP layer may look for another way, and the user may be told (SHLD-9).
void Connection::advise_at_r1() {
  output_.trace(rule::r1_reached);
  output_.negative_advice();
  output_.report(Report::retransmissions);
}

/// 3.8.3 (c), R2: the connection is closed. There is nobody to tell by a RST.
bool Connection::gave_up(Instant now) {
  if (now < give_up_at()) return false;
  end(soft_error_ ? Error::unreachable : Error::user_timeout, rule::user_timeout);
  return true;
}

/// One timer for two deadlocks: a zero window (3.8.6.1), and text that SWS avoidance holds back
/// while nothing is in flight whose acknowledgment would wake it (3.8.6.2.1).
void Connection::arm_persist(Instant now) {
  const bool waiting = may_transmit_text() && (unsent() != 0 || fin_unsent());
  if (may_transmit_text() && zero_window() && (waiting || outstanding())) {
    // What is in flight is probed for, not timed out: the peer has said why it is not taken
    // (MUST-35, SHLD-17).
    timers_.retransmission.reset();
    if (timers_.persist && persist_interval_ != Duration::zero()) return;
    persist_interval_ = rto_.rto();
    unanswered_.restart(now);
    timers_.persist = std::min(now + persist_interval_, give_up_at());  // SHLD-29
  } else if (waiting && !outstanding()) {
    persist_interval_ = Duration::zero();
    if (!timers_.persist) timers_.persist = now + config_.sws_override;
  } else {
    timers_.persist.reset();
  }
}

void Connection::persist_timeout(Instant now) {
  if (!zero_window()) {
    output_.trace(rule::sws_override);
    const std::uint32_t usable = usable_window();
    const std::uint32_t length = std::min({unsent(), usable, segment_room()});
    if (length != 0) transmit(tcb_.snd.nxt, length, false, now);
    return;
  }
  // A probe that is answered proves that the peer lives, so R2 counts from the first that is not.
  if (unanswered_.transmissions == 0) unanswered_.restart(now);
  if (gave_up(now)) return;
  output_.trace(rule::probe);
  persist_interval_ = std::min(2 * persist_interval_, config_.rto_max);  // SHLD-30
  timers_.persist = std::min(now + persist_interval_, give_up_at());
  if (outstanding())
    transmit_earliest(now);
  else
    transmit_from_una(unsent(), now);
  unanswered_.sent_again(now);  // what is sent first counts from now
  rto_.forget_timed();
}

/// The window has opened. What the probes brought was not taken, or is not acknowledged: it goes
/// first, with as much as now fits behind it.
void Connection::leave_persist(Instant now) {
  timers_.persist.reset();
  persist_interval_ = Duration::zero();
  if (unsent() != 0 && congestion_.restart_after_idle(now, rto_.rto())) {
    output_.trace(rule::restart_window);
  }
  if (!outstanding()) return;
  resend_all_outstanding();
  congestion_.leave_recovery();
  transmit_from_una(static_cast<std::uint32_t>(send_buffer_.size()), now);
}

}  // namespace tcproof::tcp
