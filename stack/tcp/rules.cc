// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/rules.h"

#include <array>

namespace tcproof::tcp::rule {
namespace {

// A test compares this list with the names in rules.h.
constexpr std::array list{
    open_active,
    open_passive,
    close,
    abort,
    close_without_linger,
    close_unread,
    text_after_close,
    text_unwanted,
    keep_alive,
    keep_alive_dead,
    user_timeout,
    time_wait_over,
    r1_reached,
    retransmit,
    fast_retransmit,
    limited_transmit,
    sack_recovery,
    rescue,
    partial_ack,
    restart_window,
    probe,
    sws_override,
    delayed_ack,
    icmp_not_ours,
    icmp_soft,
    icmp_hard_as_soft,
    icmp_hard,
    too_big_believed,
    too_big_waits,
    too_big_confirmed,
    too_big_claims_too_much,
    closed,
    listen_rst,
    listen_ack,
    listen_syn,
    listen_other,
    syn_sent_bad_ack,
    syn_sent_bad_ack_rst,
    syn_sent_rst,
    syn_sent_rst_no_ack,
    syn_sent_established,
    syn_sent_crossing,
    syn_sent_other,
    shift_too_large,
    time_wait_syn,
    time_wait_reused,
    timestamp_missing,
    timestamp_old,
    check_sequence,
    check_sequence_rst,
    time_wait_fin_again,
    check_sequence_probe,
    zero_window_text,
    check_rst_challenge,
    check_rst_time_wait,
    check_rst_listen,
    check_rst_refused,
    check_rst_reset,
    check_rst_closed,
    check_syn_challenge,
    check_syn_listen,
    check_syn_reset,
    check_ack_off,
    check_ack_syn_received,
    check_ack_future,
    check_ack_old,
    check_ack_established,
    check_ack_fin_wait_2,
    check_ack_closing,
    check_ack_last_ack,
    check_ack_ignored,
    check_urg,
    text_after_fin,
    text_no_place,
    check_fin,
    challenge_limited,
};

}  // namespace

std::span<const Rule> all() {
  return list;
}

}  // namespace tcproof::tcp::rule
