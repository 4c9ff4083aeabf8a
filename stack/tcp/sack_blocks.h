// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "stack/tcp/reassembly.h"
#include "stack/tcp/segment.h"

namespace tcproof::tcp {

/// The receiver's half of RFC 2018 and 2883: which of the pieces held beyond RCV.NXT a SACK option
/// names, and in which order. The pieces themselves are the Reassembly's.
class SackBlocks {
 public:
  using Block = wire::TcpOptionView::SackBlock;

  /// Text that begins at `first` has been put into `held`, whose offset 0 is `rcv_nxt`.
  void arrived(Seq first, Seq rcv_nxt, const Reassembly& held);
  /// To be named first, and once: octets that came a second time (2883 4), or the newest segment
  /// where there was no place to keep it (2018 8).
  void report_once(Block block) { once_ = block; }
  /// How many blocks fill() would write, were there place.
  std::size_t count(const Reassembly& held) const { return held.count() + (once_ ? 1 : 0); }
  /// Writes at most `places` blocks: what is to be named once, the piece around it, then the pieces
  /// by how recently a segment fell into them (2018 4).
  void fill(Segment& segment, std::size_t places, Seq rcv_nxt, const Reassembly& held);

 private:
  // A number inside each piece, that of the newest segment first. Every piece has one.
  std::array<Seq, Reassembly::max_ranges> recent_{};
  std::size_t recent_count_ = 0;
  std::optional<Block> once_;
};

}  // namespace tcproof::tcp
