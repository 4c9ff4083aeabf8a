// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>

#include "stack/tcp/connection.h"
#include "stack/tcp/rules.h"

// Loss recovery: what duplicate acknowledgments and SACK blocks say about losses, and what is sent
// again. With SACK this is RFC 6675 5, without it RFC 5681 3.2 and 6582 3.2; after a timeout both
// send again from SND.UNA in slow start (RFC 5681 3.1), passing over what is SACKed since (6675
// 5.1).

namespace tcproof::tcp {

using wire::gt;
using wire::lt;

/// RFC 5681 2, (a) to (e); the SYN of (c) is gone already. Behind a zero window the answers to our
/// probes look the same, but say that the window is still closed and not that anything was lost.
bool Connection::is_duplicate_ack(const Segment& seg, bool came_empty) const {
  return flight_size() != 0 && came_empty && seg.ack == tcb_.snd.una &&
         offered_window(seg) == tcb_.snd.last_wnd && seg.wnd != 0 && !zero_window();
}

/// RFC 6675 5: Update(). True for a duplicate acknowledgment as its section 2 defines it.
bool Connection::update_scoreboard(const Segment& seg) {
  if (!tcb_.sack_permitted || seg.sack_count == 0) return false;
  return scoreboard_.update(seg.ack, tcb_.snd.una, tcb_.snd.nxt,
                            std::span(seg.sack).first(seg.sack_count));
}

/// After SND.UNA, the window and the scoreboard have learnt what an ACK says.
void Connection::recover(bool advances, bool duplicate, bool sacked, Instant now) {
  if (zero_window()) return;
  if (sacked && !resend_until_) {
    sack_duplicate(now);
  } else if (duplicate && !tcb_.sack_permitted) {
    duplicate_ack(now);
  }
  if (!resend_until_) return;
  if (congestion_.recovering() && !tcb_.sack_permitted) {
    if (!advances) return;
    output_.trace(rule::partial_ack);
    return transmit_earliest(now);
  }
  while (resend_next(now)) {
  }
}

/// RFC 5681 3.2, as RFC 6582 3.2 changes it. New segments for an inflated cwnd follow in output().
void Connection::duplicate_ack(Instant now) {
  switch (congestion_.duplicate(tcb_.snd.nxt, flight_size())) {
    case Congestion::Duplicate::nothing:
    case Congestion::Duplicate::inflated: return;
    case Congestion::Duplicate::limited_transmit:
      if (!config_.features.limited_transmit || !may_transmit_text() || unsent() == 0) return;
      if (send_next(congestion_.limited_room(flight_size()), now)) {
        output_.trace(rule::limited_transmit);
      }
      return;
    case Congestion::Duplicate::fast_retransmit:
      output_.trace(rule::fast_retransmit);
      resend_until_ = tcb_.snd.nxt;
      return transmit_earliest(now);
  }
}

/// RFC 6675 5 (1) to (4).
void Connection::sack_duplicate(Instant now) {
  const bool lost = scoreboard_.is_lost(tcb_.snd.una);
  switch (congestion_.sack_duplicate(tcb_.snd.nxt, flight_size(), lost)) {
    case Congestion::Duplicate::nothing:
    case Congestion::Duplicate::inflated:
    // What limited transmit lets out follows in output(): with SACK it is cwnd - pipe (3.3).
    case Congestion::Duplicate::limited_transmit: return;
    case Congestion::Duplicate::fast_retransmit:
      output_.trace(rule::sack_recovery);
      resend_until_ = tcb_.snd.nxt;
      resend_first(now);
      return scoreboard_.first_resent();
  }
}

/// (4.3): the segment at SND.UNA, but nothing that is SACKed.
void Connection::resend_first(Instant now) {
  const auto gap = scoreboard_.next_gap(tcb_.snd.una, tcb_.snd.nxt);
  const bool at_una = gap && gap->left == tcb_.snd.una;
  if (!at_una || !transmit_gap(gap->left, gap->right, now)) transmit_earliest(now);
}

/// From here on everything outstanding counts as lost, whatever was SACKed (RFC 2018 8), and is
/// sent again as cwnd allows. A recovery that was under way is over, which the caller tells
/// Congestion, by timed_out() or leave_recovery().
void Connection::resend_all_outstanding() {
  resend_until_ = tcb_.snd.nxt;
  scoreboard_.clear(tcb_.snd.una);
}

/// What of [SND.UNA, SND.NXT) is not in the network, unless sent again, lies below this.
Seq Connection::lost_below() const {
  // After a timeout, a smaller path MTU or a closed window: resend_all_outstanding().
  if (resend_until_ && !congestion_.recovering()) return *resend_until_;
  return scoreboard_.lost_below(tcb_.snd.una);
}

std::uint32_t Connection::pipe() const {
  return scoreboard_.pipe(tcb_.snd.una, tcb_.snd.una + flight_size(), lost_below());
}

/// How much more congestion control lets out. While losses are being repaired by the scoreboard it
/// is cwnd - pipe in whole segments (RFC 6675 5 (C)), and so is limited transmit with SACK (3.3);
/// else FlightSize counts.
std::uint32_t Connection::congestion_room() const {
  const bool newreno = congestion_.recovering() && !tcb_.sack_permitted;
  const bool repairing = (resend_until_ || congestion_.recovering()) && !newreno;
  const bool limited = config_.features.limited_transmit && !scoreboard_.empty();
  if (!repairing && !limited) return congestion_.room(flight_size());
  const std::uint32_t room = congestion_.room(pipe());
  return room >= effective_send_mss() ? room : 0;
}

/// NextSeg() of RFC 6675 4, and the segment sent. After resend_all_outstanding() rule (1) covers
/// all that was outstanding then, and the guesses of (3) and (4) have no place.
bool Connection::resend_next(Instant now) {
  if (!resend_until_ || !may_transmit_text() || congestion_room() == 0) return false;
  const Seq una = tcb_.snd.una;
  if (const auto lost = scoreboard_.next_gap(una, lost_below())) {  // (1)
    return transmit_gap(lost->left, lost->right, now);
  }
  if (send_next(congestion_room(), now)) return true;  // (2)
  if (!congestion_.recovering()) return false;
  if (const auto gap = scoreboard_.next_gap(una, scoreboard_.highest(una))) {  // (3)
    return transmit_gap(gap->left, gap->right, now);
  }
  if (!scoreboard_.may_rescue(una)) return false;
  const auto last = scoreboard_.last_gap(una, tcb_.snd.nxt);  // (4)
  if (!last) return false;
  output_.trace(rule::rescue);
  const Seq high_rxt = scoreboard_.high_rxt();
  const auto octets = static_cast<std::uint32_t>(last->right - last->left);
  const bool sent = transmit_gap(last->right - std::min(octets, segment_room()), last->right, now);
  scoreboard_.set_high_rxt(high_rxt);
  scoreboard_.rescued(*resend_until_);
  return sent;
}

/// Sends [begin, end) again, or as much of it as one segment takes and the window holds. False if
/// nothing of it fits. The FIN is the number after the last octet.
bool Connection::transmit_gap(Seq begin, Seq end, Instant now) {
  const bool with_fin = tcb_.snd.fin && gt(end, *tcb_.snd.fin);
  const Seq text_end = with_fin ? *tcb_.snd.fin : end;
  const Seq edge = tcb_.snd.una + tcb_.snd.wnd;
  const Seq allowed = lt(edge, text_end) ? edge : text_end;
  const std::uint32_t text = gt(allowed, begin) ? static_cast<std::uint32_t>(allowed - begin) : 0;
  const std::uint32_t length = std::min(text, segment_room());
  const bool fin = with_fin && begin + length == *tcb_.snd.fin;
  if (length == 0 && !fin) return false;
  transmit(begin, length, fin, now);
  return true;
}

}  // namespace tcproof::tcp
