// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "stack/tcp/connection.h"

// RFC 9293 3.8.6: what the peer may send, and what it lets us send.

namespace tcproof::tcp {

using wire::leq;
using wire::lt;

/// 3.10.7.4: the idealized segment begins at or after RCV.NXT and does not exceed the window. SYN
/// is gone already.
void Connection::trim_to_window(Segment& seg) const {
  if (lt(seg.seq, tcb_.rcv.nxt)) {
    const auto old = static_cast<std::uint32_t>(tcb_.rcv.nxt - seg.seq);
    seg.text = seg.text.subspan(std::min<std::size_t>(old, seg.text.size()));
    seg.seq = tcb_.rcv.nxt;
    seg.up = seg.up > old ? static_cast<std::uint16_t>(seg.up - old) : std::uint16_t{0};
  }
  const auto room = static_cast<std::uint32_t>(tcb_.rcv.nxt + tcb_.rcv.wnd - seg.seq);
  if (seg.fin() && seg.text.size() >= room) seg.flags = seg.flags.without(wire::flag::fin);
  if (seg.text.size() > room) seg.text = seg.text.first(room);
}

void Connection::set_send_window(const Segment& seg) {
  tcb_.snd.wnd = tcb_.snd.last_wnd = offered_window(seg);
  tcb_.snd.max_wnd = std::max(tcb_.snd.max_wnd, tcb_.snd.wnd);
  tcb_.snd.wl1 = seg.seq;
  tcb_.snd.wl2 = seg.ack;
}

/// 3.10.7.4 fifth: an old segment must not update the window. One that acknowledges more than any
/// before is not old, even if its text is sent again and so left of SND.WL1: were its window not
/// taken, SND.UNA would move and SND.UNA + SND.WND lie beyond what the peer offers (RFC 7323 2.4).
void Connection::update_send_window(const Segment& seg, Instant now) {
  const bool newer = lt(tcb_.snd.wl2, seg.ack) || lt(tcb_.snd.wl1, seg.seq) ||
                     (tcb_.snd.wl1 == seg.seq && leq(tcb_.snd.wl2, seg.ack));
  if (!newer) return;
  const bool was_zero = zero_window();
  set_send_window(seg);
  if (was_zero && !zero_window()) leave_persist(now);
}

/// 3.8.6.2.2: RCV.NXT + RCV.WND stays fixed until the reduction is worth a segment.
bool Connection::receive_window_would_move() const {
  const std::size_t room = std::min(receive_buffer_.room(), largest_window());
  const std::size_t step =
      std::min<std::size_t>(receive_buffer_.capacity() / 2, effective_send_mss());
  return room >= tcb_.rcv.wnd + std::max(step, std::size_t{1} << tcb_.rcv.shift);
}

void Connection::advance_receive_window() {
  if (!receive_window_would_move()) return;
  tcb_.rcv.wnd = static_cast<std::uint32_t>(std::min(receive_buffer_.room(), largest_window()));
}

/// The user has made room. The next segment will say so; a segment of its own is sent only if the
/// window was so small that the peer may be waiting for it.
void Connection::window_update_after_read(Instant now) {
  if (receive_buffer_.capacity() != wanted_receive_buffer_) fit_receive_buffer();
  if (!may_receive_text()) return;
  const std::size_t half = std::min(receive_buffer_.capacity(), largest_window()) / 2;
  if (tcb_.rcv.wnd <= half && receive_window_would_move()) send_ack(now);
}

}  // namespace tcproof::tcp
