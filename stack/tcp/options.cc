// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "stack/tcp/connection.h"
#include "stack/tcp/rules.h"

// Options: what a SYN offers and what of it is agreed (RFC 9293 3.7.1, RFC 7323 2 and 3, RFC 2018
// 2), and what every segment carries from then on.

namespace tcproof::tcp {

using wire::leq;
using wire::lt;

namespace {

constexpr std::uint8_t largest_shift = 14;       // RFC 7323 2.3
constexpr std::uint32_t timestamps_octets = 12;  // two NOPs in front (RFC 7323 A)
constexpr std::uint32_t sack_header_octets = 4;  // likewise
constexpr std::uint32_t sack_block_octets = 8;
constexpr std::uint32_t smallest_mss_for_sack = 88;  // below, blocks would leave no place for text

/// The least shift that can express all of `buffer`.
std::uint8_t shift_for(std::uint32_t buffer) {
  std::uint8_t shift = 0;
  while (shift < largest_shift && buffer > std::uint32_t{0xffff} << shift) ++shift;
  return shift;
}

}  // namespace

/// The options of a SYN. After a LISTEN or a crossing SYN it answers: then it carries what the peer
/// offered only (RFC 7323 2.2, 3.2). An answer to a crossing SYN could repeat our offers; this one
/// does not.
void Connection::add_syn_options(Segment& syn, Instant now) const {
  const bool answers = syn.ack_flag();
  const Features& features = config_.features;
  syn.mss = config_.mss;
  if (features.window_scale && (!answers || window_scaling_)) {
    syn.window_scale = shift_for(config_.receive_buffer);
  }
  syn.sack_permitted = features.sack && (!answers || tcb_.sack_permitted);
  if (!features.timestamps || (answers && !timestamps_.agreed())) return;
  const std::uint32_t echo = answers ? timestamps_.recent() : 0;  // RFC 7323 3.2
  syn.timestamps = wire::TcpOptionView::Timestamps{timestamps_.clock(now), echo};
}

/// What the peer's SYN says. Ours has offered, or will answer, all that the configuration allows.
void Connection::agree_options(const Segment& syn, Instant now) {
  const Features& features = config_.features;
  // An MSS of zero could never be honoured: it counts as no option at all (MUST-15).
  if (syn.mss && *syn.mss != 0) send_mss_ = *syn.mss;
  window_scaling_ = features.window_scale && syn.window_scale;
  if (window_scaling_) {
    if (*syn.window_scale > largest_shift) output_.trace(rule::shift_too_large);
    tcb_.snd.shift = std::min(*syn.window_scale, largest_shift);
    tcb_.rcv.shift = shift_for(config_.receive_buffer);
  }
  fit_receive_buffer();
  tcb_.sack_permitted = features.sack && syn.sack_permitted;
  if (features.timestamps && syn.timestamps) {
    timestamps_.agree(syn.timestamps->val, tcb_.rcv.nxt, now);
    rto_.set_granularity(Timestamps::tick);
  }
}

/// What was agreed belongs to one peer: another one may find the listener.
void Connection::forget_options() {
  send_mss_ = config_.default_send_mss;
  window_scaling_ = false;
  timestamps_.forget();
}

/// RFC 7323 2.3: the window field is all there is, unless it is scaled.
std::size_t Connection::largest_window() const {
  return std::size_t{0xffff} << tcb_.rcv.shift;
}

/// RCV.WND for the header of a segment without SYN.
std::uint16_t Connection::window_field() const {
  return static_cast<std::uint16_t>(
      std::min<std::uint32_t>(tcb_.rcv.wnd >> tcb_.rcv.shift, 0xffff));
}

/// SEG.WND in octets. The window of a SYN is never scaled (RFC 7323 2.2).
std::uint32_t Connection::offered_window(const Segment& seg) const {
  return std::uint32_t{seg.wnd} << (seg.syn() ? 0 : tcb_.snd.shift);
}

/// Eff.snd.MSS (3.7.1) with the options that every segment has; RFC 6691: the MSS option counts
/// none. What an absurd MSS leaves is at least an octet.
std::uint16_t Connection::effective_send_mss() const {
  const std::uint32_t mss = std::min({send_mss_, config_.mss, path_mss_});
  const std::uint32_t options = timestamps_.agreed() ? timestamps_octets : 0;
  return static_cast<std::uint16_t>(mss > options ? mss - options : 1);
}

/// Of the IP packet that carries `segment`.
std::uint32_t Connection::packet_size(const Segment& segment) const {
  std::uint32_t size = config_.ip_header + tcp_header;
  if (segment.timestamps) size += timestamps_octets;
  if (segment.sack_count != 0) size += sack_header_octets + segment.sack_count * sack_block_octets;
  return size + static_cast<std::uint32_t>(segment.text.size());
}

/// How much text the next segment has place for beside the SACK blocks that are due.
std::uint32_t Connection::segment_room() const {
  const std::uint32_t mss = effective_send_mss();
  const std::size_t blocks = sack_blocks_due(mss);
  if (blocks == 0) return mss;
  return mss - sack_header_octets - static_cast<std::uint32_t>(blocks) * sack_block_octets;
}

/// RFC 2018 3 and 4: as many as there are and the 40 octets of options take. Text for a peer with a
/// tiny MSS goes without.
std::size_t Connection::sack_blocks_due(std::uint32_t mss) const {
  if (!tcb_.sack_permitted || mss < smallest_mss_for_sack) return 0;
  return std::min<std::size_t>(sack_blocks_.count(receive_buffer_.out_of_order()),
                               timestamps_.agreed() ? 3 : 4);
}

/// The options of every segment that acknowledges, but a SYN.
void Connection::add_options(Segment& segment, Instant now) {
  if (timestamps_.agreed()) {  // RFC 7323 3.2: in every segment
    segment.timestamps =
        wire::TcpOptionView::Timestamps{timestamps_.clock(now), timestamps_.recent()};
  }
  const std::uint32_t mss =
      segment.text.empty() ? smallest_mss_for_sack : std::uint32_t{effective_send_mss()};
  const std::size_t blocks = sack_blocks_due(mss);
  if (blocks != 0) sack_blocks_.fill(segment, blocks, tcb_.rcv.nxt, receive_buffer_.out_of_order());
}

/// For the SACK blocks: text beyond RCV.NXT has come, and was kept or not.
void Connection::note_piece(Seq seq, wire::Bytes text, bool kept) {
  if (text.empty()) return;
  if (kept) return sack_blocks_.arrived(seq, tcb_.rcv.nxt, receive_buffer_.out_of_order());
  sack_blocks_.report_once({seq, seq + static_cast<std::uint32_t>(text.size())});
}

/// RFC 2883 4: octets that came before are reported in the next acknowledgment, which leaves at
/// once. Only the first run of them is; numbers before the first octet were never received.
void Connection::note_duplicate(const Segment& seg) {
  if (!tcb_.sack_permitted || !config_.features.dsack || seg.text.empty()) return;
  if (seg.rst() || leq(seg.seq, tcb_.irs)) return;
  const Seq end = seg.seq + static_cast<std::uint32_t>(seg.text.size());
  std::optional<SackBlocks::Block> again;
  if (lt(seg.seq, tcb_.rcv.nxt)) {
    again = {seg.seq, lt(end, tcb_.rcv.nxt) ? end : tcb_.rcv.nxt};
  } else {
    const auto offset = static_cast<std::size_t>(seg.seq - tcb_.rcv.nxt);
    const auto held = receive_buffer_.out_of_order().overlap({offset, offset + seg.text.size()});
    if (!held) return;
    again = {tcb_.rcv.nxt + static_cast<std::uint32_t>(held->begin),
             tcb_.rcv.nxt + static_cast<std::uint32_t>(held->end)};
  }
  sack_blocks_.report_once(*again);
  ack_now_ = true;
}

}  // namespace tcproof::tcp
