// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tcproof::checks {

/// RFC 9293 3.3.2, as names for what a target reports; CLOSED is "no TCB".
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
inline constexpr int state_count = 11;
std::string_view to_string(State state);  // "SYN-RECEIVED"
std::optional<State> parse_state(std::string_view name);

}  // namespace tcproof::checks
