// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "stack/tcp/challenge.h"
#include "stack/tcp/congestion.h"
#include "stack/tcp/features.h"
#include "stack/tcp/path_mtu.h"
#include "stack/tcp/receive_buffer.h"
#include "stack/tcp/retransmit.h"
#include "stack/tcp/sack_blocks.h"
#include "stack/tcp/scoreboard.h"
#include "stack/tcp/segment.h"
#include "stack/tcp/send_buffer.h"
#include "stack/tcp/tcb.h"
#include "stack/tcp/timers.h"
#include "stack/tcp/timestamps.h"
#include "stack/wire/time.h"

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
std::string_view to_string(State state);  // "SYN-RECEIVED"

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

/// Parameters of one connection. Defaults are this stack's; the RFC that bounds each stands beside
/// it.
struct Config {
  std::uint16_t mss = 1460;  // what the interface can take: MTU less headers (RFC 9293 3.7.1)
  std::uint16_t default_send_mss = 536;  // without an MSS option: 536, or 1220 over IPv6 (MUST-15)
  std::uint16_t ip_header = 20;          // octets in front of the TCP header: 20, or 40 over IPv6
  std::uint32_t receive_buffer = 1 << 18;  // without window scaling only 65535 of it count
  std::uint32_t send_buffer = 1 << 20;
  Duration rto_initial = 1s;                // RFC 6298 (2.1)
  Duration rto_min = 1s;                    // (2.4)
  Duration rto_max = 60s;                   // (2.5)
  Duration delayed_ack = 200ms;             // below 0.5 s (RFC 9293 SHLD-18 .. MUST-40)
  Duration msl = 30s;                       // TIME-WAIT lasts two of them (RFC 9293 3.4.2)
  Duration r2 = 100s;                       // give up sending data (MUST-20)
  Duration r2_syn = 180s;                   // give up sending SYN (MUST-23)
  std::uint32_t r1 = 3;                     // retransmissions before negative advice (SHLD-10)
  Duration sws_override = 500ms;            // 0.1 s to 1 s (3.8.6.2.1)
  bool nagle = true;                        // (SHLD-7)
  std::uint32_t challenge_ack_limit = 100;  // RFC 5961 7, per connection and second
  Duration challenge_ack_period = 1s;       // what "per second" means
  std::optional<Duration> keep_alive_idle;  // keep-alives are sent after it; empty: never (MUST-25)
  Duration keep_alive_interval = 75s;       // between unanswered ones, at most the idle time
  std::uint32_t keep_alive_probes = 9;      // that many unanswered end the connection (MUST-29)
  Features features;
};

/// The idle time of keep-alives that an application asks for without naming one (RFC 9293 MUST-28).
inline constexpr Duration default_keep_alive_idle = 2h;

/// What the user is told without having asked (RFC 9293 3.9.1.9 and MUST-47). Nobody has to listen
/// (SHLD-20).
enum class Report : std::uint8_t {
  soft_error,         // an ICMP error that may pass
  retransmissions,    // R1 is reached: there is trouble, but no end yet (SHLD-9)
  urgent,             // urgent data is pending, or RCV.UP has advanced (MUST-32)
  urgent_data_ended,  // everything urgent has been read
};

/// What a connection says to its host. Called from within its member functions; the host must not
/// call back into the connection from here.
class Output {
 public:
  virtual ~Output() = default;
  /// Put this on the wire; ports and addresses are the connection's. The text is valid during the
  /// call.
  virtual void segment(const Segment& segment) = 0;
  /// Every change of state, through enter() alone.
  virtual void transition(State from, State to, std::string_view rule) = 0;
  /// A rule of the RFC did something worth saying: "drop: check_ack, acknowledges something not yet
  /// sent, 3.10.7.4 fifth".
  virtual void trace(std::string_view rule) = 0;
  virtual void report(Report) {}
  /// R1 is reached: the IP layer may look whether the way is still good (MUST-20 (b)).
  virtual void negative_advice() {}
  /// The path takes no larger packets than `mtu`: the quoted segment and RFC 5927 7.2 confirm it.
  virtual void path_mtu_learned(std::uint32_t mtu) { static_cast<void>(mtu); }
};

/// One TCP connection: RFC 9293 without I/O and without a clock. Calls and segments come in with
/// `now`; segments go out through Output; next_deadline() says when on_timeout() wants to be
/// called.
class Connection {
 public:
  Connection(const Config& config, Output& output);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // User calls (RFC 9293 3.10.1 to 3.10.6). The host has made sure that the connection may be
  // opened.
  /// From CLOSED, or from LISTEN if that has named its peer (3.10.2).
  void open_active(Seq iss, Instant now);
  void open_passive(Instant now);
  /// A passive connection learns its ISS when the SYN comes: the host sets it just before
  /// on_segment().
  void set_iss(Seq iss);
  /// Where this connection's timestamps start (RFC 7323 7); before OPEN or with set_iss().
  void set_timestamp_offset(std::uint32_t offset);
  /// Queues as much as the send buffer takes; `taken` says how much. Before ESTABLISHED it is
  /// queued (MUST not be lost). Errors: closing after CLOSE, does_not_exist, or what ended the
  /// connection.
  Error send(wire::Bytes text, bool push, bool urgent, Instant now, std::size_t& taken);
  /// Up to out.size() octets in order. `got` 0 with Error::none: nothing there yet; Error::closing:
  /// the end.
  Error receive(wire::MutableBytes out, Instant now, std::size_t& got);
  Error close(Instant now);  // no more to send; also half-close: receiving goes on
  Error abort(Instant now);
  /// SHUTDOWN of receiving: nothing more is delivered, and what comes is acknowledged and thrown
  /// away. After CLOSE it makes the close half-duplex: text that nobody will read draws a RST
  /// (3.6.1).
  Error stop_receiving(Instant now);
  Error status() const;  // none, or the error that ended it
  /// The ICMP error noted last while SND.UNA stood still; none if there is none (MUST-47, SHLD-25).
  Error soft_error() const { return soft_error_ ? Error::unreachable : Error::none; }

  void set_nagle(bool on, Instant now);
  /// Empty: off. The time begins with what was heard last.
  void set_keep_alive(std::optional<Duration> idle, Instant now);
  /// R2 from now on, of data and of a SYN alike (MUST-21).
  void set_user_timeout(Duration timeout, Instant now);
  /// True: CLOSE is an ABORT as soon as the peer knows of the connection.
  void set_abort_on_close(bool on) { abort_on_close_ = on; }
  /// RCV.BUFF. What the peer was promised stays promised (SHLD-14).
  void set_receive_buffer(std::uint32_t octets, Instant now);
  void set_send_buffer(std::uint32_t octets);

  void on_segment(const Segment& segment, Instant now);
  void on_timeout(Instant now);
  std::optional<Instant> next_deadline() const { return timers_.next_deadline(); }
  /// An ICMP error for a segment of this connection; `hard` as RFC 9293 3.9.2.2 tells them apart.
  void on_icmp_error(bool hard, Seq quoted_seq, Instant now);
  /// "Fragmentation needed" or "packet too big" for a segment of this connection: RFC 5927 7.2
  /// decides whether to believe it now, after a timeout, or never.
  void on_packet_too_big(Seq quoted_seq, std::uint32_t mtu, Instant now);
  /// The path to the peer takes packets of `mtu` octets, for whatever reason that is known.
  void path_mtu_changed(std::uint32_t mtu);
  std::uint32_t path_mtu() const;

  State state() const;
  bool opened_passively() const;
  /// RFC 6191: this SYN may begin a new incarnation of a connection in TIME-WAIT. give_way() then
  /// ends the old one; the new one's ISS must be above send_next().
  bool yields_to(const Segment& syn) const;
  void give_way();
  // SND.NXT, SND.UNA and RCV.NXT.
  Seq send_next() const { return tcb_.snd.nxt; }
  Seq send_unacknowledged() const { return tcb_.snd.una; }
  Seq receive_next() const { return tcb_.rcv.nxt; }
  std::size_t readable() const;  // octets that receive() would give now
  std::uint16_t effective_send_mss() const;
  /// Octets of urgent data not yet read, those included that have not arrived (MUST-33); 0: normal
  /// mode.
  std::uint32_t urgent_unread() const;
  /// How often the earliest segment has been sent again in vain: trouble, but no end yet (SHLD-9).
  std::uint32_t retransmissions() const { return unanswered_.transmissions; }
  /// Octets of SEND that are not acknowledged yet.
  std::size_t unacknowledged() const;

 private:
  /// What a numbered check of 3.10.7 decides: go on with the next one, or leave the segment.
  enum class Next : std::uint8_t { step, drop };

  // connection.cc
  void enter(State to, std::string_view rule);
  void end(Error error, std::string_view rule);
  void return_to_listen(std::string_view rule);
  void after_close(Instant now);
  void fit_receive_buffer();
  bool synchronized() const;
  bool may_receive_text() const;
  Error close_by_abort(std::string_view rule, Instant now);

  // icmp_errors.cc
  bool quotes_outstanding(Seq quoted_seq) const;
  void lower_path_mtu(std::uint32_t mtu, std::string_view rule);

  // keep_alive.cc
  void heard_from_peer(Instant now);
  void arm_keep_alive(Instant now);
  void keep_alive_timeout(Instant now);
  bool may_keep_alive() const;

  // segment_arrives.cc: RFC 9293 3.10.7, in its order
  void on_listen(const Segment& seg, Instant now);
  void on_syn_sent(const Segment& seg, Instant now);
  void on_other_states(Segment seg, Instant now);
  void accept_syn(const Segment& seg, Instant now);
  void syn_sent_syn(const Segment& seg, Instant now);
  bool refused_by_time_wait(const Segment& seg) const;
  Next check_sequence(Segment& seg, Instant now);
  bool is_probe(const Segment& seg) const;
  Next take_probe(Segment& seg, Instant now);
  Next refuse_sequence(const Segment& seg, Instant now);
  Next check_rst(const Segment& seg, Instant now);
  Next check_syn(const Segment& seg, Instant now);
  Next check_ack(const Segment& seg, bool came_empty, Instant now);
  Next syn_received_ack(const Segment& seg, Instant now);
  Next after_ack(const Segment& seg, Instant now);
  void check_urg(const Segment& seg);
  void process_text(const Segment& seg, Instant now);
  bool throw_away_text(Instant now);
  void check_fin(const Segment& seg, Instant now);
  void take_fin(Instant now);
  void acknowledge_up_to(const Segment& seg, Instant now);
  void measure_round_trip(const Segment& seg, Instant now);
  void established(std::string_view rule, Instant now);
  void start_time_wait(std::string_view rule, Instant now);
  void challenge_ack(std::string_view rule, Instant now);

  // paws.cc
  Next check_timestamp(const Segment& seg, Instant now);
  void note_timestamp(const Segment& seg, Instant now);

  // options.cc
  void add_syn_options(Segment& syn, Instant now) const;
  void agree_options(const Segment& syn, Instant now);
  void forget_options();
  void add_options(Segment& segment, Instant now);
  std::size_t largest_window() const;
  std::uint16_t window_field() const;
  std::uint32_t offered_window(const Segment& seg) const;
  std::uint32_t packet_size(const Segment& segment) const;
  std::uint32_t segment_room() const;
  std::size_t sack_blocks_due(std::uint32_t mss) const;
  void note_piece(Seq seq, wire::Bytes text, bool kept);
  void note_duplicate(const Segment& seg);

  // recovery.cc
  bool is_duplicate_ack(const Segment& seg, bool came_empty) const;
  bool update_scoreboard(const Segment& seg);
  void recover(bool advances, bool duplicate, bool sacked, Instant now);
  void duplicate_ack(Instant now);
  void sack_duplicate(Instant now);
  void resend_first(Instant now);
  void resend_all_outstanding();
  bool resend_next(Instant now);
  bool transmit_gap(Seq begin, Seq end, Instant now);
  Seq lost_below() const;
  std::uint32_t pipe() const;
  std::uint32_t congestion_room() const;

  // window.cc
  void trim_to_window(Segment& seg) const;
  void set_send_window(const Segment& seg);
  void update_send_window(const Segment& seg, Instant now);
  bool receive_window_would_move() const;
  void advance_receive_window();
  void window_update_after_read(Instant now);

  // output.cc
  void output(Instant now);
  void send_queued(Instant now);
  bool send_next(std::uint32_t room, Instant now);
  bool may_send(std::uint32_t length, std::uint32_t queued) const;
  void transmit(Seq seq, std::uint32_t length, bool fin, Instant now);
  void send_syn(Instant now);
  void send_ack(Instant now);
  void send_empty(Seq seq, Instant now);
  void send_reset(Instant now);
  void delay_ack(std::uint32_t octets, Instant now);
  void transmit_earliest(Instant now);
  void transmit_from_una(std::uint32_t text, Instant now);
  void mark_urgent(Segment& segment) const;
  void acknowledged_peer();
  std::uint32_t usable_window() const;
  std::uint32_t flight_size() const;
  std::uint32_t unsent() const;
  bool fin_unsent() const;
  bool outstanding() const { return tcb_.snd.una != tcb_.snd.nxt; }
  bool may_transmit_text() const;
  Seq text_seq() const;

  // timeouts.cc
  Instant give_up_at() const;
  void start_retransmission_timer(Instant now);
  void restart_retransmission_timer(Instant now);
  void retransmission_timeout(Instant now);
  void persist_timeout(Instant now);
  void arm_persist(Instant now);
  void leave_persist(Instant now);
  bool gave_up(Instant now);
  void advise_at_r1();
  bool zero_window() const { return tcb_.snd.wnd == 0 && tcb_.snd.syn_acked; }

  Config config_;
  Output& output_;
  State state_ = State::closed;
  Error error_ = Error::none;
  bool passive_ = false;
  bool close_called_ = false;  // a FIN follows what is queued
  bool receive_stopped_ = false;
  bool unread_ended_ = false;  // text was on hand when receiving was stopped
  bool abort_on_close_ = false;
  bool soft_error_ = false;  // an ICMP error arrived since SND.UNA advanced (3.9.2.2)

  Tcb tcb_;
  std::uint16_t send_mss_;           // what the peer's SYN said, or the default
  std::uint16_t path_mss_ = 0xffff;  // what the path to the peer can take
  PathMtuClaims path_claims_;        // how much of it is believed
  bool window_scaling_ = false;      // both SYNs carry the option
  Timestamps timestamps_;
  SendBuffer send_buffer_;
  ReceiveBuffer receive_buffer_;
  std::size_t wanted_receive_buffer_;
  std::optional<Seq> push_;  // the octet following the last SEND with PUSH

  Timers timers_;
  RtoEstimator rto_;
  Unanswered unanswered_;
  Congestion congestion_;
  Scoreboard scoreboard_;
  std::optional<Seq> resend_until_;  // RecoveryPoint: SND.NXT when a loss was found
  SackBlocks sack_blocks_;
  Duration persist_interval_{};
  bool ack_now_ = false;           // an acknowledgment is due with the next output
  std::uint32_t ack_pending_ = 0;  // octets received and not yet acknowledged
  ChallengeLimit challenge_limit_;
  Instant last_heard_{};  // a segment with an acceptable ACK came (MUST-26)
  std::uint32_t keep_alives_unanswered_ = 0;
};

}  // namespace tcproof::tcp
