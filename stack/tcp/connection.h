// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "stack/tcp/segment.h"
#include "stack/wire/time.h"

// This is the surface that the host relies on; the TCB and the private steps of segment arrival join it.

namespace tcproof::tcp {

enum class State : std::uint8_t {
  closed,
  listen,
  syn_sent,
  syn_received,
  established,
  fin_wait_1,
  fin_wait_2,
  close_wait,
  closing,
  last_ack,
  time_wait,
};

/// Why a connection ended, or why a call is refused (RFC 9293 3.9.1's words).
enum class Error : std::uint8_t {
  none,
  connection_reset,
  connection_refused,
  connection_aborted,
  user_timeout,
  unreachable,
  closing,
  does_not_exist,
  already_exists,
  illegal,
  unspecified,
  no_resources,
};

/// Parameters of one connection. Defaults are this stack's; the RFC that bounds each stands beside it.
struct Config {
  std::uint16_t mss = 1460;  // what the interface can take: MTU less headers (RFC 9293 3.7.1)
  std::uint16_t default_send_mss = 536;  // without an MSS option: 536, or 1220 over IPv6 (MUST-15)
  std::uint32_t receive_buffer = 65535;
  std::uint32_t send_buffer = 1 << 20;
  Duration rto_initial = 1s;                // RFC 6298 (2.1)
  Duration rto_min = 1s;                    // (2.4)
  Duration rto_max = 60s;                   // (2.5)
  Duration delayed_ack = 200ms;             // below 0.5 s (RFC 9293 SHLD-18 .. MUST-40)
  Duration msl = 30s;                       // TIME-WAIT lasts two of them (RFC 9293 3.4.2)
  Duration r2 = 100s;                       // give up sending data (MUST-20)
  Duration r2_syn = 180s;                   // give up sending SYN (MUST-23)
  bool nagle = true;                        // (SHLD-7)
  std::uint32_t challenge_ack_limit = 100;  // RFC 5961 7, per connection and second
};

/// What a connection says to its host. Called from within its member functions; the host must not call back
/// into the connection from here.
class Output {
 public:
  virtual ~Output() = default;
  /// Put this on the wire; ports and addresses are the connection's. The text is valid during the call.
  virtual void segment(const Segment& segment) = 0;
  /// Every change of state, through enter() alone.
  virtual void transition(State from, State to, std::string_view rule) = 0;
  /// A rule of the RFC did something worth saying: "drop: check_ack, acknowledges something not yet sent, 3.10.7.4 fifth".
  virtual void trace(std::string_view rule) = 0;
};

/// One TCP connection: RFC 9293 without I/O and without a clock. Calls and segments come in with `now`;
/// segments go out through Output; next_deadline() says when on_timeout() wants to be called.
class Connection {
 public:
  Connection(const Config& config, Output& output);
  ~Connection();

  // User calls (RFC 9293 3.10.1 to 3.10.6). The host has made sure that the connection may be opened.
  void open_active(Seq iss, Instant now);
  void open_passive(Instant now);
  /// A passive connection learns its ISS when the SYN comes: the host sets it just before on_segment().
  void set_iss(Seq iss);
  /// Queues as much as the send buffer takes; `taken` says how much. Before ESTABLISHED it is queued (MUST not
  /// be lost). Errors: closing after CLOSE, does_not_exist, or what ended the connection.
  Error send(wire::Bytes text, bool push, bool urgent, Instant now, std::size_t& taken);
  /// Up to out.size() octets in order. `got` 0 with Error::none: nothing there yet; Error::closing: the end.
  Error receive(wire::MutableBytes out, Instant now, std::size_t& got);
  Error close(Instant now);  // no more to send; also half-close: receiving goes on
  Error abort(Instant now);
  Error status() const;  // none, or the error that ended it

  void set_nagle(bool on, Instant now);

  void on_segment(const Segment& segment, Instant now);
  void on_timeout(Instant now);
  std::optional<Instant> next_deadline() const;
  /// An ICMP error for a segment of this connection; `hard` as RFC 9293 3.9.2.2 tells them apart.
  void on_icmp_error(bool hard, Seq quoted_seq, Instant now);

  State state() const;
  bool opened_passively() const;
  std::size_t readable() const;  // octets that receive() would give now
  bool peer_closed() const;      // FIN received and everything before it read
  std::uint16_t effective_send_mss() const;
};

}  // namespace tcproof::tcp
