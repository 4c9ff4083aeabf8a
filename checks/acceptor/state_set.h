// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "checks/state.h"

namespace tcproof::checks {

/// Some of the eleven states.
class StateSet {
 public:
  constexpr StateSet() = default;
  constexpr StateSet(std::initializer_list<State> states) {
    for (const State state : states) add(state);
  }
  constexpr void add(State state) { bits_ = static_cast<std::uint16_t>(bits_ | bit(state)); }
  constexpr bool has(State state) const { return (bits_ & bit(state)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool operator==(const StateSet&) const = default;
  friend constexpr StateSet operator|(StateSet a, StateSet b) {
    return StateSet(static_cast<std::uint16_t>(a.bits_ | b.bits_));
  }
  friend constexpr StateSet operator&(StateSet a, StateSet b) {
    return StateSet(static_cast<std::uint16_t>(a.bits_ & b.bits_));
  }
  friend constexpr StateSet operator-(StateSet a, StateSet b) {
    return StateSet(static_cast<std::uint16_t>(a.bits_ & ~b.bits_));
  }

  /// Calls `f(State)` for each, in the order of RFC 9293 3.3.2.
  template <class F>
  constexpr void each(F f) const {
    for (int i = 0; i < state_count; ++i) {
      if (has(static_cast<State>(i))) f(static_cast<State>(i));
    }
  }

 private:
  constexpr explicit StateSet(std::uint16_t bits) : bits_(bits) {}
  static constexpr std::uint16_t bit(State state) {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(state));
  }

  std::uint16_t bits_ = 0;
};

inline constexpr StateSet all_states{State::closed,       State::listen,      State::syn_sent,
                                     State::syn_received, State::established, State::fin_wait_1,
                                     State::fin_wait_2,   State::close_wait,  State::closing,
                                     State::last_ack,     State::time_wait};

/// "FIN-WAIT-1 or CLOSED", or "none".
std::string to_string(StateSet states);

}  // namespace tcproof::checks
