// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "stack/tcp/connection.h"
#include "stack/tcp/rules.h"

// RFC 9293 3.8.4: keep-alives, for applications that ask for them (MUST-24, MUST-25).

namespace tcproof::tcp {

void Connection::set_keep_alive(std::optional<Duration> idle, Instant now) {
  if (!config_.features.keep_alive) return;
  config_.keep_alive_idle = idle;
  keep_alives_unanswered_ = 0;
  timers_.keep_alive.reset();
  arm_keep_alive(now);
}

/// Where both ends can still have something to say.
bool Connection::may_keep_alive() const {
  return synchronized() && state_ != State::time_wait;
}

void Connection::heard_from_peer(Instant now) {
  last_heard_ = now;
  keep_alives_unanswered_ = 0;
  if (config_.keep_alive_idle && !timers_.keep_alive) arm_keep_alive(now);
}

/// The timer is not moved by each segment: when it goes off it sees what has come meanwhile.
void Connection::arm_keep_alive(Instant now) {
  if (!config_.keep_alive_idle || !may_keep_alive()) return;
  timers_.keep_alive = std::max(now, last_heard_ + *config_.keep_alive_idle);
}

/// MUST-26: only when nothing is outstanding and nothing has come for the whole interval; text in
/// flight or behind a closed window has timers of its own. SHLD-12: SEG.SEQ = SND.NXT-1 and no
/// octet.
void Connection::keep_alive_timeout(Instant now) {
  if (!config_.keep_alive_idle || !may_keep_alive()) return;
  const Duration idle = *config_.keep_alive_idle;
  const bool asking = keep_alives_unanswered_ != 0;
  if (outstanding() || unsent() != 0 || (!asking && now < last_heard_ + idle)) {
    const Instant due = last_heard_ + idle;
    timers_.keep_alive = due > now ? due : now + idle;
    return;
  }
  if (keep_alives_unanswered_ >= config_.keep_alive_probes) {
    send_reset(now);
    return end(Error::user_timeout, rule::keep_alive_dead);
  }
  ++keep_alives_unanswered_;
  output_.trace(rule::keep_alive);
  timers_.keep_alive = now + std::min(config_.keep_alive_interval, idle);
  send_empty(tcb_.snd.nxt - 1, now);
}

}  // namespace tcproof::tcp
