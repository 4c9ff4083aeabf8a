// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stack/wire/seq.h"
#include "stack/wire/tcp_options.h"

namespace tcproof::tcp {

/// RFC 6675 3 and 4: what the peer has selectively acknowledged, and what follows from it. HighACK
/// is SND.UNA and HighData SND.NXT, which the caller gives; HighRxt and RescueRxt live here, each
/// as the number after the last octet meant. An empty scoreboard serves a recovery without SACK as
/// well. Memory comes with the first block and is kept.
class Scoreboard {
 public:
  using Block = wire::TcpOptionView::SackBlock;
  static constexpr std::uint32_t dup_thresh = 3;
  /// A peer that names more pieces than this is not believed further: SACK is advice only.
  static constexpr std::size_t max_blocks = 256;

  /// The SYN is acknowledged, so SMSS is known.
  void begin(std::uint32_t smss, wire::Seq una) {
    smss_ = smss;
    clear(una);
  }
  void set_smss(std::uint32_t smss) { smss_ = smss; }
  /// All that was learnt is forgotten (RFC 2018 8, after a timeout), and nothing counts as resent.
  void clear(wire::Seq una);
  bool empty() const { return blocks_.empty(); }

  /// Update(): the SACK blocks of a segment that acknowledges `ack`, while `una` and `nxt` are
  /// outstanding. Blocks that begin below `ack` tell of duplicates (RFC 2883 5) and mark nothing.
  /// True if octets were marked that had not been.
  bool update(wire::Seq ack, wire::Seq una, wire::Seq nxt, std::span<const Block> blocks);
  /// SND.UNA has advanced.
  void advance(wire::Seq una);

  /// IsLost(S) holds for every S that is not SACKed and lies below this; `una` if for none.
  wire::Seq lost_below(wire::Seq una) const;
  bool is_lost(wire::Seq una) const { return lost_below(una) != una; }
  /// SetPipe(): octets in [una, end) that are believed to be in the network, if those below
  /// `lost_below` are not but for what was sent again.
  std::uint32_t pipe(wire::Seq una, wire::Seq end, wire::Seq lost_below) const;
  /// The first gap, not SACKed and not yet sent again, that begins in [una, limit); empty if none.
  std::optional<Block> next_gap(wire::Seq una, wire::Seq limit) const;
  /// The gap that ends the outstanding data, for the rescue retransmission.
  std::optional<Block> last_gap(wire::Seq una, wire::Seq nxt) const;
  /// The number after the highest octet SACKed; `una` if none is.
  wire::Seq highest(wire::Seq una) const { return empty() ? una : blocks_.back().right; }

  /// Octets up to `end` have been sent again.
  void resent(wire::Seq end);
  void begin_recovery(wire::Seq una) { high_rxt_ = rescue_rxt_ = una; }
  /// (4.3): the first retransmission counts for RescueRxt, too.
  void first_resent() { rescue_rxt_ = high_rxt_; }
  bool may_rescue(wire::Seq una) const { return wire::gt(una, rescue_rxt_); }
  void rescued(wire::Seq recovery_point) { rescue_rxt_ = recovery_point; }
  wire::Seq high_rxt() const { return high_rxt_; }
  void set_high_rxt(wire::Seq seq) { high_rxt_ = seq; }

 private:
  bool mark(Block block);

  std::vector<Block> blocks_;  // disjoint, not touching, ascending
  std::uint32_t smss_ = 1;
  wire::Seq high_rxt_, rescue_rxt_;
};

}  // namespace tcproof::tcp
