// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/connection.h"

#include <algorithm>
#include <cassert>

#include "stack/tcp/rules.h"

// The user calls of RFC 9293 3.10.1 to 3.10.6, and the one place where the state changes.

namespace tcproof::tcp {

using wire::gt;

std::string_view to_string(State state) {
  switch (state) {
    case State::closed: return "CLOSED";
    case State::listen: return "LISTEN";
    case State::syn_sent: return "SYN-SENT";
    case State::syn_received: return "SYN-RECEIVED";
    case State::established: return "ESTABLISHED";
    case State::fin_wait_1: return "FIN-WAIT-1";
    case State::fin_wait_2: return "FIN-WAIT-2";
    case State::close_wait: return "CLOSE-WAIT";
    case State::closing: return "CLOSING";
    case State::last_ack: return "LAST-ACK";
    case State::time_wait: return "TIME-WAIT";
  }
  return "?";
}

Connection::Connection(const Config& config, Output& output)
    : config_(config),
      output_(output),
      send_mss_(config.default_send_mss),
      send_buffer_(config.send_buffer),
      receive_buffer_(config.receive_buffer),
      wanted_receive_buffer_(config.receive_buffer),
      rto_({config.rto_initial, config.rto_min, config.rto_max}) {}

Connection::~Connection() = default;

/// The only writer of the state.
void Connection::enter(State to, std::string_view rule) {
  const State from = state_;
  assert(from != to);
  state_ = to;
  output_.transition(from, to, rule);
}

/// Deletes the TCB. What has been received in order stays readable if the connection ended well.
void Connection::end(Error error, std::string_view rule) {
  error_ = error;
  timers_.stop_all();
  ack_now_ = false;
  ack_pending_ = 0;
  if (error != Error::none) receive_buffer_.clear();
  enter(State::closed, rule);
}

/// From SYN-RECEIVED. The user need not be informed, but a CLOSE that waits has nothing left to
/// wait for.
void Connection::return_to_listen(std::string_view rule) {
  if (close_called_) return end(Error::none, rule);
  timers_.stop_all();
  send_buffer_.clear();
  push_.reset();
  receive_buffer_.clear();
  rto_ = RtoEstimator({config_.rto_initial, config_.rto_min, config_.rto_max});
  congestion_ = {};
  sack_blocks_ = {};
  tcb_ = {};
  forget_options();
  ack_now_ = false;
  ack_pending_ = 0;
  soft_error_ = false;
  path_mss_ = 0xffff;
  path_claims_ = {};
  enter(State::listen, rule);
}

bool Connection::synchronized() const {
  switch (state_) {
    case State::closed:
    case State::listen:
    case State::syn_sent:
    case State::syn_received: return false;
    case State::established:
    case State::fin_wait_1:
    case State::fin_wait_2:
    case State::close_wait:
    case State::closing:
    case State::last_ack:
    case State::time_wait: return true;
  }
  return false;
}

/// Where the peer may still have text for us (3.10.7.4 sixth and seventh).
bool Connection::may_receive_text() const {
  switch (state_) {
    case State::established:
    case State::fin_wait_1:
    case State::fin_wait_2: return true;
    case State::closed:
    case State::listen:
    case State::syn_sent:
    case State::syn_received:
    case State::close_wait:
    case State::closing:
    case State::last_ack:
    case State::time_wait: return false;
  }
  return false;
}

void Connection::open_active(Seq iss, Instant now) {
  assert(state_ == State::closed || state_ == State::listen);
  passive_ = false;
  set_iss(iss);
  tcb_.snd.nxt = iss + 1;
  enter(State::syn_sent, rule::open_active);
  unanswered_.restart(now);
  rto_.time(tcb_.snd.nxt, now);
  send_syn(now);
}

void Connection::open_passive(Instant) {
  assert(state_ == State::closed);
  passive_ = true;
  enter(State::listen, rule::open_passive);
}

void Connection::set_timestamp_offset(std::uint32_t offset) {
  timestamps_.set_offset(offset);
}

void Connection::set_iss(Seq iss) {
  tcb_.iss = iss;
  tcb_.snd.una = tcb_.snd.nxt = tcb_.snd.wl2 = iss;
}

/// 3.10.2
Error Connection::send(wire::Bytes text, bool push, bool urgent, Instant now, std::size_t& taken) {
  taken = 0;
  if (error_ != Error::none) return error_;
  if (close_called_) return Error::closing;
  switch (state_) {
    case State::closed: return Error::does_not_exist;
    // Of a passive OPEN that has named the remote socket the host makes an active one first.
    case State::listen: return Error::unspecified;
    case State::syn_sent:
    case State::syn_received:
    case State::established:
    case State::close_wait: break;
    case State::fin_wait_1:
    case State::fin_wait_2:
    case State::closing:
    case State::last_ack:
    case State::time_wait: return Error::closing;
  }
  taken = send_buffer_.append(text);
  if (taken == 0 && !text.empty()) return Error::no_resources;
  const Seq end = text_seq() + static_cast<std::uint32_t>(send_buffer_.size());
  if (push && taken == text.size()) push_ = end;
  if (urgent && taken != 0 &&
      config_.features.urgent) {  // SND.UP points to the octet following the urgent data (MUST-62)
    tcb_.snd.up = end;
    tcb_.snd.urgent = true;
  }
  output(now);
  return Error::none;
}

/// 3.10.3. What is on hand is given in every state; the RFC stops at CLOSING, but CLOSE here is a
/// half-close.
Error Connection::receive(wire::MutableBytes out, Instant now, std::size_t& got) {
  got = receive_buffer_.read(out);
  if (got != 0) {
    if (tcb_.rcv.urgent && urgent_unread() == 0) {
      tcb_.rcv.urgent = false;  // back to normal mode (3.8.5)
      output_.report(Report::urgent_data_ended);
    }
    window_update_after_read(now);
    return Error::none;
  }
  if (error_ != Error::none) return error_;
  if (receive_stopped_) return Error::closing;
  if (tcb_.rcv.fin_taken) return receive_buffer_.readable() == 0 ? Error::closing : Error::none;
  return state_ == State::closed ? Error::does_not_exist : Error::none;
}

/// 3.10.4
Error Connection::close(Instant now) {
  if (error_ != Error::none) return error_;
  switch (state_) {
    case State::closed: return Error::does_not_exist;
    case State::listen:
    case State::syn_sent: end(Error::none, rule::close); return Error::none;
    case State::syn_received:
    case State::established:
    case State::close_wait: break;
    case State::fin_wait_1:
    case State::fin_wait_2:
    case State::closing:
    case State::last_ack:
    case State::time_wait: return Error::closing;
  }
  if (close_called_) return Error::closing;
  if (abort_on_close_) return close_by_abort(rule::close_without_linger, now);
  if (receive_stopped_ && unread_ended_) return close_by_abort(rule::close_unread, now);
  close_called_ = true;
  after_close(now);
  return Error::none;
}

/// The user has asked for it, so no error is left behind for him.
Error Connection::close_by_abort(std::string_view rule, Instant now) {
  send_reset(now);
  end(Error::none, rule);
  return Error::none;
}

Error Connection::stop_receiving(Instant now) {
  if (error_ != Error::none) return error_;
  if (state_ == State::closed || state_ == State::listen) return Error::does_not_exist;
  receive_stopped_ = true;
  unread_ended_ = receive_buffer_.readable() != 0;
  receive_buffer_.discard();
  window_update_after_read(now);
  return Error::none;
}

/// A FIN is queued: the state that follows from it. LAST-ACK is entered when the FIN is sent
/// (3.10.4).
void Connection::after_close(Instant now) {
  const bool from_syn_received = state_ == State::syn_received && send_buffer_.empty();
  if (state_ == State::established || from_syn_received) enter(State::fin_wait_1, rule::close);
  output(now);
}

/// 3.10.5
Error Connection::abort(Instant now) {
  if (error_ != Error::none) return error_;
  switch (state_) {
    case State::closed: return Error::does_not_exist;
    case State::listen:
    case State::syn_sent: break;
    case State::syn_received:
    case State::established:
    case State::fin_wait_1:
    case State::fin_wait_2:
    case State::close_wait: send_reset(now); break;
    case State::closing:
    case State::last_ack:
    case State::time_wait: break;
  }
  end(Error::connection_aborted, rule::abort);
  return Error::none;
}

Error Connection::status() const {
  return error_;
}

void Connection::set_nagle(bool on, Instant now) {
  config_.nagle = on;
  output(now);
}

/// What has gone unanswered so far counts: the timer running now is cut to the new limit.
void Connection::set_user_timeout(Duration timeout, Instant now) {
  config_.r2 = config_.r2_syn = timeout;
  const Instant limit = std::max(now, give_up_at());
  for (auto* timer : {&timers_.retransmission, &timers_.persist}) {
    if (*timer && **timer > limit) *timer = limit;
  }
}

void Connection::set_receive_buffer(std::uint32_t octets, Instant now) {
  wanted_receive_buffer_ = octets;
  // Our SYN has said how windows are scaled: from then on the buffer may change, the scale not.
  if (state_ == State::closed || state_ == State::listen) config_.receive_buffer = octets;
  window_update_after_read(now);
}

/// A smaller buffer takes effect as the window closes (SHLD-14). One larger than any window that can
/// be offered would never be used.
void Connection::fit_receive_buffer() {
  const std::size_t promised = receive_buffer_.readable() + tcb_.rcv.wnd;
  receive_buffer_.set_capacity(
      std::max(std::min(wanted_receive_buffer_, largest_window()), promised));
}

void Connection::set_send_buffer(std::uint32_t octets) {
  send_buffer_.set_capacity(octets);
}

State Connection::state() const {
  return state_;
}

bool Connection::opened_passively() const {
  return passive_;
}

std::size_t Connection::readable() const {
  return receive_buffer_.readable();
}

std::uint32_t Connection::urgent_unread() const {
  if (!tcb_.rcv.urgent) return 0;
  const std::uint32_t fin = tcb_.rcv.fin_taken ? 1 : 0;
  const Seq next_read = tcb_.rcv.nxt - fin - static_cast<std::uint32_t>(receive_buffer_.readable());
  return gt(tcb_.rcv.up, next_read) ? static_cast<std::uint32_t>(tcb_.rcv.up - next_read) : 0;
}

std::size_t Connection::unacknowledged() const {
  return send_buffer_.size();
}

}  // namespace tcproof::tcp
