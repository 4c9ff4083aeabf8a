// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "checks/acceptor/state_set.h"

namespace tcproof::checks {

/// Where each state may go in one step by figure 5 of RFC 9293 and what stands beside it: any state
/// ends in CLOSED by RST, ABORT or timeout; a RST leads a passive open from SYN-RECEIVED back to
/// LISTEN; TIME-WAIT may be reopened by a SYN (MAY-2).
constexpr StateSet successors(State state) {
  using enum State;
  switch (state) {
    case closed: return {listen, syn_sent};
    case listen: return {syn_received, syn_sent, closed};
    case syn_sent: return {syn_received, established, closed};
    case syn_received: return {established, fin_wait_1, close_wait, listen, closed};
    case established: return {fin_wait_1, close_wait, closed};
    case fin_wait_1: return {fin_wait_2, closing, time_wait, closed};
    case fin_wait_2: return {time_wait, closed};
    case close_wait: return {last_ack, closed};
    case closing: return {time_wait, closed};
    case last_ack: return {closed};
    case time_wait: return {closed, syn_received};
  }
  return {};
}

}  // namespace tcproof::checks
