// SPDX-License-Identifier: Apache-2.0
#include "stack/wire/tcp_options.h"

namespace tcproof::wire {

namespace {

void append16(Buffer& area, std::uint16_t value) {
  area.push_back(static_cast<std::uint8_t>(value >> 8));
  area.push_back(static_cast<std::uint8_t>(value));
}

void append32(Buffer& area, std::uint32_t value) {
  append16(area, static_cast<std::uint16_t>(value >> 16));
  append16(area, static_cast<std::uint16_t>(value));
}

void append_head(Buffer& area, TcpOptionKind kind, std::size_t length) {
  area.push_back(static_cast<std::uint8_t>(kind));
  area.push_back(static_cast<std::uint8_t>(length));
}

}  // namespace

void append_nop(Buffer& area) {
  area.push_back(static_cast<std::uint8_t>(TcpOptionKind::nop));
}

void append_end(Buffer& area) {
  area.push_back(static_cast<std::uint8_t>(TcpOptionKind::end));
}

void append_mss(Buffer& area, std::uint16_t mss) {
  append_head(area, TcpOptionKind::mss, 4);
  append16(area, mss);
}

void append_window_scale(Buffer& area, std::uint8_t shift) {
  append_head(area, TcpOptionKind::window_scale, 3);
  area.push_back(shift);
}

void append_sack_permitted(Buffer& area) {
  append_head(area, TcpOptionKind::sack_permitted, 2);
}

void append_sack(Buffer& area, std::span<const TcpOptionView::SackBlock> blocks) {
  append_head(area, TcpOptionKind::sack, 2 + blocks.size() * 8);
  for (const TcpOptionView::SackBlock& block : blocks) {
    append32(area, block.left.value);
    append32(area, block.right.value);
  }
}

void append_timestamps(Buffer& area, std::uint32_t val, std::uint32_t ecr) {
  append_head(area, TcpOptionKind::timestamps, 10);
  append32(area, val);
  append32(area, ecr);
}

void append_user_timeout(Buffer& area, TcpOptionView::UserTimeout timeout) {
  append_head(area, TcpOptionKind::user_timeout, 4);
  append16(area,
           static_cast<std::uint16_t>((timeout.minutes ? 0x8000 : 0) | (timeout.value & 0x7fff)));
}

void append_option(Buffer& area, std::uint8_t kind, std::optional<std::uint8_t> length,
                   Bytes body) {
  area.push_back(kind);
  area.push_back(length.value_or(static_cast<std::uint8_t>(2 + body.size())));
  area.insert(area.end(), body.begin(), body.end());
}

void pad_options(Buffer& area) {
  area.resize((area.size() + 3) / 4 * 4, 0);
}

}  // namespace tcproof::wire
