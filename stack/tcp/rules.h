// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

/// What Output::trace and Output::transition are told: one name for each decision of the RFC, so
/// that the rules a run has exercised can be counted. A rule that drops a segment begins with
/// "drop: ".
namespace tcproof::tcp::rule {

using Rule = std::string_view;

// User calls and timeouts
inline constexpr Rule open_active = "OPEN active, 3.10.1";
inline constexpr Rule open_passive = "OPEN passive, 3.10.1";
inline constexpr Rule close = "CLOSE, 3.10.4";
inline constexpr Rule abort = "ABORT, 3.10.5";
inline constexpr Rule close_without_linger = "CLOSE with a linger time of zero is an ABORT, 3.10.5";
inline constexpr Rule close_unread = "CLOSE with text that nobody will read, RST, 3.6.1";
inline constexpr Rule text_after_close = "text for a user who has closed, RST, 3.6.1";
inline constexpr Rule text_unwanted = "text for a user who receives no more is thrown away, 3.6.1";
inline constexpr Rule keep_alive = "keep-alive, 3.8.4";
inline constexpr Rule keep_alive_dead = "give up: no keep-alive is answered, 3.8.4";
inline constexpr Rule user_timeout = "give up: R2 is reached, 3.8.3 and 3.10.8";
inline constexpr Rule time_wait_over = "2 MSL have passed, 3.10.8";
inline constexpr Rule r1_reached = "advice: R1 is reached, look for another route, 3.8.3";
inline constexpr Rule retransmit = "retransmission timeout, RFC 6298 5.4";
inline constexpr Rule fast_retransmit = "third duplicate ACK, fast retransmit, RFC 5681 3.2";
inline constexpr Rule limited_transmit = "duplicate ACK, limited transmit, RFC 3042 2";
inline constexpr Rule sack_recovery = "SACK tells of a loss, RFC 6675 5 (4)";
inline constexpr Rule rescue = "rescue retransmission, RFC 6675 4 NextSeg (4)";
inline constexpr Rule partial_ack = "partial ACK in fast recovery, RFC 6582 3.2";
inline constexpr Rule restart_window = "restart window after idle, RFC 5681 4.1";
inline constexpr Rule probe = "zero-window probe, 3.8.6.1";
inline constexpr Rule sws_override = "override timeout of SWS avoidance, 3.8.6.2.1";
inline constexpr Rule delayed_ack = "delayed ACK is due, 3.8.6.3";

// ICMP
inline constexpr Rule icmp_not_ours = "drop: ICMP error quotes no outstanding octet, RFC 5927 4.1";
inline constexpr Rule icmp_soft = "ICMP soft error noted, 3.9.2.2";
inline constexpr Rule icmp_hard_as_soft =
    "ICMP hard error in a synchronized state noted, RFC 5927 5.2";
inline constexpr Rule icmp_hard = "ICMP hard error ends the connection, 3.9.2.2";
inline constexpr Rule too_big_believed = "packet too big, the path MTU is lower, RFC 1191 6.4";
inline constexpr Rule too_big_waits =
    "packet too big contradicts what has arrived, wait for a timeout, RFC 5927 7.2";
inline constexpr Rule too_big_confirmed = "packet too big is confirmed by a timeout, RFC 5927 7.2";
inline constexpr Rule too_big_claims_too_much =
    "drop: packet too big claims no less than was sent, RFC 5927 7.2";

// 3.10.7.1 and 3.10.7.2
inline constexpr Rule closed = "drop: there is no TCB, 3.10.7.1";
inline constexpr Rule listen_rst = "drop: RST in LISTEN, 3.10.7.2 first";
inline constexpr Rule listen_ack = "drop: ACK in LISTEN draws a RST, 3.10.7.2 second";
inline constexpr Rule listen_syn = "SYN in LISTEN, 3.10.7.2 third";
inline constexpr Rule listen_other = "drop: neither SYN nor ACK nor RST in LISTEN, 3.10.7.2 fourth";

// 3.10.7.3
inline constexpr Rule syn_sent_bad_ack = "drop: ACK of nothing sent draws a RST, 3.10.7.3 first";
inline constexpr Rule syn_sent_bad_ack_rst =
    "drop: RST with an ACK of nothing sent, 3.10.7.3 first";
inline constexpr Rule syn_sent_rst = "RST acknowledges the SYN, 3.10.7.3 second";
inline constexpr Rule syn_sent_rst_no_ack = "drop: RST without ACK, 3.10.7.3 second";
inline constexpr Rule syn_sent_established = "SYN acknowledges our SYN, 3.10.7.3 fourth";
inline constexpr Rule syn_sent_crossing = "SYN crosses our SYN, 3.10.7.3 fourth";
inline constexpr Rule syn_sent_other = "drop: neither SYN nor RST, 3.10.7.3 fifth";

// Options
inline constexpr Rule shift_too_large = "window scale above 14 is taken for 14, RFC 7323 2.3";

// 3.10.7.4, the steps by number
inline constexpr Rule time_wait_syn =
    "drop: SYN in TIME-WAIT is not beyond the old connection, RFC 6191 2";
inline constexpr Rule time_wait_reused = "a new incarnation ends TIME-WAIT, RFC 6191 2";
inline constexpr Rule timestamp_missing =
    "drop: check_timestamp, the agreed option is missing, RFC 7323 3.2";
inline constexpr Rule timestamp_old =
    "drop: check_timestamp, older than TS.Recent, answered by an ACK, RFC 7323 5.3 R1";
inline constexpr Rule check_sequence =
    "drop: check_sequence, outside the window, answered by an ACK, 3.10.7.4 first";
inline constexpr Rule check_sequence_rst =
    "drop: check_sequence, RST outside the window, 3.10.7.4 first";
inline constexpr Rule time_wait_fin_again = "FIN again in TIME-WAIT restarts 2 MSL, 3.10.7.4 fifth";
inline constexpr Rule check_sequence_probe =
    "one octet left of RCV.NXT, the ACK counts, appendix A.2";
inline constexpr Rule zero_window_text =
    "drop: text while RCV.WND is zero, the ACK counts, 3.10.7.4 first";
inline constexpr Rule check_rst_challenge =
    "drop: check_rst, RST not at RCV.NXT, challenge ACK, RFC 5961 3.2";
inline constexpr Rule check_rst_time_wait = "drop: check_rst, RST in TIME-WAIT, RFC 1337 3";
inline constexpr Rule check_rst_listen = "RST returns to LISTEN, 3.10.7.4 second";
inline constexpr Rule check_rst_refused = "RST refuses the connection, 3.10.7.4 second";
inline constexpr Rule check_rst_reset = "RST resets the connection, 3.10.7.4 second";
inline constexpr Rule check_rst_closed = "RST while closing, 3.10.7.4 second";
inline constexpr Rule check_syn_challenge =
    "drop: check_syn, SYN in a synchronized state, challenge ACK, RFC 5961 4.2";
inline constexpr Rule check_syn_listen = "SYN returns to LISTEN, 3.10.7.4 fourth";
inline constexpr Rule check_syn_reset =
    "SYN in the window resets the connection, RFC 793 3.9 fourth";
inline constexpr Rule check_ack_off = "drop: check_ack, no ACK, 3.10.7.4 fifth";
inline constexpr Rule check_ack_syn_received =
    "drop: check_ack, does not acknowledge our SYN, RST, 3.10.7.4 fifth";
inline constexpr Rule check_ack_future =
    "drop: check_ack, acknowledges something not yet sent, 3.10.7.4 fifth";
inline constexpr Rule check_ack_old =
    "drop: check_ack, left of SND.UNA - MAX.SND.WND, RFC 5961 5.2";
inline constexpr Rule check_ack_established = "our SYN is acknowledged, 3.10.7.4 fifth";
inline constexpr Rule check_ack_fin_wait_2 = "our FIN is acknowledged, 3.10.7.4 fifth";
inline constexpr Rule check_ack_closing = "our FIN is acknowledged in CLOSING, 3.10.7.4 fifth";
inline constexpr Rule check_ack_last_ack = "our FIN is acknowledged in LAST-ACK, 3.10.7.4 fifth";
inline constexpr Rule check_ack_ignored =
    "drop: check_ack, only the ACK counts now, 3.10.7.4 fifth";
inline constexpr Rule check_urg = "urgent data is pending, 3.10.7.4 sixth";
inline constexpr Rule text_after_fin = "drop: text after the peer's FIN, 3.10.7.4 seventh";
inline constexpr Rule text_no_place = "drop: text, too many holes, 3.10.7.4 seventh";
inline constexpr Rule check_fin = "FIN, 3.10.7.4 eighth";
inline constexpr Rule challenge_limited = "challenge ACK withheld by the limit, RFC 5961 7";

/// Every rule above, for those who count which of them a run has reached.
std::span<const Rule> all();

}  // namespace tcproof::tcp::rule
