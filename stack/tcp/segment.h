// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>

#include "stack/wire/tcp.h"
#include "stack/wire/tcp_options.h"

namespace tcproof::tcp {

using wire::Seq;

/// A segment as RFC 9293 speaks of it: SEG.SEQ, SEG.ACK, SEG.LEN, SEG.WND, SEG.UP, its control bits
/// and the options this stack knows. The text belongs to whoever made the segment.
struct Segment {
  Seq seq;
  Seq ack;
  wire::TcpFlags flags;
  std::uint16_t wnd = 0;  // as on the wire, never scaled
  std::uint16_t up = 0;
  wire::Bytes text;

  std::optional<std::uint16_t> mss;          // SYN only
  std::optional<std::uint8_t> window_scale;  // SYN only
  bool sack_permitted = false;               // SYN only
  std::optional<wire::TcpOptionView::Timestamps> timestamps;
  std::array<wire::TcpOptionView::SackBlock, 4> sack{};
  std::uint8_t sack_count = 0;

  constexpr bool syn() const { return flags.has(wire::flag::syn); }
  constexpr bool fin() const { return flags.has(wire::flag::fin); }
  constexpr bool rst() const { return flags.has(wire::flag::rst); }
  constexpr bool ack_flag() const { return flags.has(wire::flag::ack); }
  /// SEG.LEN: octets of text, and one each for SYN and FIN.
  constexpr std::uint32_t len() const {
    return static_cast<std::uint32_t>(text.size()) + (syn() ? 1 : 0) + (fin() ? 1 : 0);
  }
};

}  // namespace tcproof::tcp
