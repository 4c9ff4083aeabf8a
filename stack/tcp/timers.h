// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "stack/wire/earliest.h"
#include "stack/wire/time.h"

namespace tcproof::tcp {

/// When each timer of a connection goes off; empty: it does not run. The connection never waits, it
/// only says when it wants to be called.
struct Timers {
  std::optional<Instant> retransmission;  // RFC 6298 5
  std::optional<Instant> persist;         // zero-window probe or SWS override (RFC 9293 3.8.6)
  std::optional<Instant> delayed_ack;     // 3.8.6.3
  std::optional<Instant> time_wait;       // 3.10.8
  std::optional<Instant> keep_alive;      // 3.8.4

  std::optional<Instant> next_deadline() const {
    Earliest next;
    next.add(retransmission);
    next.add(persist);
    next.add(delayed_ack);
    next.add(time_wait);
    next.add(keep_alive);
    return next.due();
  }
  void stop_all() { *this = {}; }
};

/// True once when `timer` is due; it is stopped then.
inline bool take_due(std::optional<Instant>& timer, Instant now) {
  if (!timer || *timer > now) return false;
  timer.reset();
  return true;
}

}  // namespace tcproof::tcp
