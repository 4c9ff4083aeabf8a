// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/scoreboard.h"

#include <algorithm>

namespace tcproof::tcp {

using wire::geq;
using wire::gt;
using wire::leq;
using wire::lt;
using wire::Seq;

namespace {

Seq later(Seq a, Seq b) {
  return lt(a, b) ? b : a;
}
Seq earlier(Seq a, Seq b) {
  return lt(a, b) ? a : b;
}
/// The octets of [begin, end); 0 if it is empty or upside down.
std::uint32_t length(Seq begin, Seq end) {
  return gt(end, begin) ? static_cast<std::uint32_t>(end - begin) : 0;
}

}  // namespace

void Scoreboard::clear(Seq una) {
  blocks_.clear();
  begin_recovery(una);
}

bool Scoreboard::update(Seq ack, Seq una, Seq nxt, std::span<const Block> blocks) {
  bool marked = false;
  for (const Block& block : blocks) {
    const bool sane = lt(block.left, block.right) && leq(block.right, nxt);
    if (!sane || lt(block.left, ack) || leq(block.right, una)) continue;
    marked = mark({later(block.left, una), block.right}) || marked;
  }
  return marked;
}

/// Adds `block` and merges what it touches. True if it brings an octet that was not there.
bool Scoreboard::mark(Block block) {
  // [first, last) are the blocks that overlap or touch the new one.
  auto first = std::find_if(blocks_.begin(), blocks_.end(),
                            [&](const Block& b) { return geq(b.right, block.left); });
  auto last =
      std::find_if(first, blocks_.end(), [&](const Block& b) { return gt(b.left, block.right); });
  if (first == last) {
    if (blocks_.size() == max_blocks) return false;
    blocks_.insert(first, block);
    return true;
  }
  if (leq(first->left, block.left) && geq(first->right, block.right)) return false;
  first->left = earlier(first->left, block.left);
  first->right = later(std::prev(last)->right, block.right);
  blocks_.erase(std::next(first), last);
  return true;
}

void Scoreboard::advance(Seq una) {
  const auto above = std::find_if(blocks_.begin(), blocks_.end(),
                                  [&](const Block& b) { return gt(b.right, una); });
  blocks_.erase(blocks_.begin(), above);
  if (!blocks_.empty()) blocks_.front().left = later(blocks_.front().left, una);
  high_rxt_ = later(high_rxt_, una);
}

/// DupThresh pieces above, or more than (DupThresh - 1) * SMSS octets: the highest block from whose
/// left edge on that holds.
Seq Scoreboard::lost_below(Seq una) const {
  std::uint32_t pieces = 0;
  std::uint64_t octets = 0;
  for (auto block = blocks_.rbegin(); block != blocks_.rend(); ++block) {
    ++pieces;
    octets += length(block->left, block->right);
    if (pieces >= dup_thresh || octets > std::uint64_t{dup_thresh - 1} * smss_) return block->left;
  }
  return una;
}

std::uint32_t Scoreboard::pipe(Seq una, Seq end, Seq lost_below) const {
  std::uint32_t pipe = 0;
  Seq begin = una;
  const auto add_gap = [&](Seq gap_end) {
    pipe += length(later(begin, lost_below), gap_end);   // (a)
    pipe += length(begin, earlier(gap_end, high_rxt_));  // (b)
  };
  for (const Block& block : blocks_) {
    if (geq(block.left, end)) break;
    add_gap(block.left);
    begin = block.right;
  }
  add_gap(end);
  return pipe;
}

std::optional<Scoreboard::Block> Scoreboard::next_gap(Seq una, Seq limit) const {
  Seq begin = later(una, high_rxt_);
  for (const Block& block : blocks_) {
    if (lt(begin, block.left)) {
      if (geq(begin, limit)) return {};
      return Block{begin, earlier(block.left, limit)};
    }
    begin = later(begin, block.right);
  }
  if (geq(begin, limit)) return {};
  return Block{begin, limit};
}

std::optional<Scoreboard::Block> Scoreboard::last_gap(Seq una, Seq nxt) const {
  Seq end = nxt;
  for (auto block = blocks_.rbegin(); block != blocks_.rend(); ++block) {
    if (lt(block->right, end)) return Block{block->right, end};
    end = block->left;
  }
  if (leq(end, una)) return {};
  return Block{una, end};
}

void Scoreboard::resent(Seq end) {
  high_rxt_ = later(high_rxt_, end);
}

}  // namespace tcproof::tcp
