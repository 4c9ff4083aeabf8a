// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/sack_blocks.h"

#include <algorithm>
#include <span>

namespace tcproof::tcp {
namespace {

constexpr std::size_t nowhere = Reassembly::max_ranges;

/// The index of the piece that holds `seq`, or nowhere.
std::size_t piece_of(Seq seq, Seq rcv_nxt, const Reassembly& held) {
  if (wire::lt(seq, rcv_nxt)) return nowhere;
  const auto offset = static_cast<std::size_t>(seq - rcv_nxt);
  for (std::size_t i = 0; const Reassembly::Range& range : held.ranges()) {
    if (offset >= range.begin && offset < range.end) return i;
    ++i;
  }
  return nowhere;
}

}  // namespace

void SackBlocks::arrived(Seq first, Seq rcv_nxt, const Reassembly& held) {
  const std::size_t piece = piece_of(first, rcv_nxt, held);
  // Pieces that have merged, or were given up, lose their entries.
  std::array<bool, nowhere + 1> seen{};
  seen[piece] = seen[nowhere] = true;
  std::size_t kept = 0;
  for (const Seq recent : std::span(recent_).first(recent_count_)) {
    const std::size_t other = piece_of(recent, rcv_nxt, held);
    if (seen[other]) continue;
    seen[other] = true;
    recent_[kept++] = recent;
  }
  recent_count_ = kept;
  if (piece == nowhere) return;
  std::move_backward(recent_.begin(), recent_.begin() + static_cast<std::ptrdiff_t>(kept),
                     recent_.begin() + static_cast<std::ptrdiff_t>(kept + 1));
  recent_[0] = first;
  ++recent_count_;
}

void SackBlocks::fill(Segment& segment, std::size_t places, Seq rcv_nxt, const Reassembly& held) {
  std::array<bool, Reassembly::max_ranges> named{};
  const auto name = [&](Block block) {
    if (segment.sack_count < places) segment.sack[segment.sack_count++] = block;
  };
  const auto name_piece = [&](Seq seq) {
    const std::size_t piece = piece_of(seq, rcv_nxt, held);
    if (piece == nowhere || named[piece]) return;
    named[piece] = true;
    name({rcv_nxt + static_cast<std::uint32_t>(held[piece].begin),
          rcv_nxt + static_cast<std::uint32_t>(held[piece].end)});
  };
  if (once_) {
    name(*once_);
    name_piece(once_->left);
  }
  for (const Seq recent : std::span(recent_).first(recent_count_)) name_piece(recent);
  if (places != 0) once_.reset();
}

}  // namespace tcproof::tcp
