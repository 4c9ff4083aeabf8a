// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/connection.h"
#include "stack/tcp/rules.h"

// What timestamps add to 3.10.7.4: RFC 7323 5.3 before and after the sequence check, and RFC 6191
// in TIME-WAIT.

namespace tcproof::tcp {

using wire::geq;

/// R1 of RFC 7323 5.3, before the sequence check. A RST is exempt (5.2), and a SYN without the
/// option, so that a peer that has restarted still learns of this connection (RFC 5961 4.2).
Connection::Next Connection::check_timestamp(const Segment& seg, Instant now) {
  if (!timestamps_.agreed() || seg.rst()) return Next::step;
  if (!seg.timestamps) {
    if (seg.syn()) return Next::step;
    output_.trace(rule::timestamp_missing);  // 3.2: dropped silently
    return Next::drop;
  }
  if (!timestamps_.is_old(seg.timestamps->val, now)) return Next::step;
  // "Send an acknowledgment in reply". One for a segment without text counts against RFC 5961 7's
  // limit, or two ends that find each other old would answer for ever.
  if (seg.text.empty()) {
    challenge_ack(rule::timestamp_old, now);
  } else {
    output_.trace(rule::timestamp_old);
    note_duplicate(seg);
    ack_now_ = true;
  }
  return Next::drop;
}

/// R3, after it.
void Connection::note_timestamp(const Segment& seg, Instant now) {
  if (!timestamps_.agreed() || seg.rst() || !seg.timestamps) return;
  timestamps_.arrived(seg.timestamps->val, seg.seq, now);
}

/// RFC 6191 2: whether this SYN, which meets TIME-WAIT, may begin a new incarnation. Its timestamp
/// or else its sequence number must be beyond all of the old one: the peer's FIN is the last.
bool Connection::yields_to(const Segment& syn) const {
  if (state_ != State::time_wait || !syn.syn() || syn.ack_flag() || syn.rst()) return false;
  const bool above = geq(syn.seq, tcb_.rcv.nxt);
  const bool would_use = config_.features.timestamps && syn.timestamps;
  if (!would_use) return above;
  if (!timestamps_.agreed()) return true;
  const std::uint32_t val = syn.timestamps->val;
  return timestamps_.newer_than_recent(val) || (val == timestamps_.recent() && above);
}

/// The host has found somebody who takes the new incarnation.
void Connection::give_way() {
  end(Error::none, rule::time_wait_reused);
}

}  // namespace tcproof::tcp
