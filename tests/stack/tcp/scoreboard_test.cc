// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/scoreboard.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <vector>

// RFC 6675 3 and 4, with an SMSS of 10, against a model that marks single octets.

namespace tcproof::tcp {
namespace {

using wire::Seq;
using Block = Scoreboard::Block;

constexpr std::uint32_t smss = 10;
constexpr std::uint32_t window = 200;
const Seq una{0xffffffa0};
const Seq nxt = una + window;

Block block(std::uint32_t left, std::uint32_t right) {
  return {una + left, una + right};
}

Scoreboard begun() {
  Scoreboard board;
  board.begin(smss, una);
  return board;
}

bool sacked(Scoreboard& board, std::vector<Block> blocks, Seq ack = una) {
  return board.update(ack, una, nxt, blocks);
}

TEST(Scoreboard, OnlyNewOctetsAreNews) {
  Scoreboard board = begun();
  EXPECT_TRUE(sacked(board, {block(10, 20)}));
  EXPECT_FALSE(sacked(board, {block(10, 20)}));
  EXPECT_FALSE(sacked(board, {block(12, 15)}));
  EXPECT_TRUE(sacked(board, {block(12, 21)}));
  EXPECT_TRUE(sacked(board, {block(5, 40), block(60, 70)}));
}

TEST(Scoreboard, NonsenseMarksNothing) {
  Scoreboard board = begun();
  EXPECT_FALSE(sacked(board, {block(20, 20)}));
  EXPECT_FALSE(sacked(board, {block(30, 20)}));
  EXPECT_FALSE(sacked(board, {block(190, 201)}));                             // never sent
  EXPECT_FALSE(sacked(board, {{una - 10, una}}));                             // acknowledged
  EXPECT_FALSE(sacked(board, {{una - 10, una + 10}}));                        // D-SACK, RFC 2883 4
  EXPECT_FALSE(board.update(una + 30, una, nxt, std::array{block(20, 40)}));  // below its own ACK
  EXPECT_TRUE(board.empty());
}

TEST(Scoreboard, LostByThreePieces) {
  Scoreboard board = begun();
  sacked(board, {block(10, 11), block(20, 21)});
  EXPECT_FALSE(board.is_lost(una));
  sacked(board, {block(30, 31)});
  EXPECT_EQ(board.lost_below(una), una + 10);
}

TEST(Scoreboard, LostByMoreThanTwoSegments) {
  Scoreboard board = begun();
  sacked(board, {block(10, 30)});
  EXPECT_FALSE(board.is_lost(una));
  sacked(board, {block(10, 31)});
  EXPECT_EQ(board.lost_below(una), una + 10);
}

TEST(Scoreboard, PipeCountsWhatIsNotLostAndWhatWasSentAgain) {
  Scoreboard board = begun();
  EXPECT_EQ(board.pipe(una, nxt, una), window);
  sacked(board, {block(10, 50)});
  const Seq lost = board.lost_below(una);
  EXPECT_EQ(board.pipe(una, nxt, lost), 150U);
  board.resent(una + 10);
  EXPECT_EQ(board.pipe(una, nxt, lost), 160U);
  board.resent(una + 60);  // [50, 60) is not lost and sent again: both copies count
  EXPECT_EQ(board.pipe(una, nxt, lost), 170U);
}

TEST(Scoreboard, GapsInOrder) {
  Scoreboard board = begun();
  sacked(board, {block(10, 20), block(30, 40)});
  EXPECT_EQ(board.next_gap(una, nxt), block(0, 10));
  board.resent(una + 5);
  EXPECT_EQ(board.next_gap(una, nxt), block(5, 10));
  board.resent(una + 10);
  EXPECT_EQ(board.next_gap(una, nxt), block(20, 30));
  EXPECT_EQ(board.next_gap(una, una + 25), block(20, 25));
  EXPECT_FALSE(board.next_gap(una, una + 20));
  board.resent(una + 30);
  EXPECT_EQ(board.next_gap(una, nxt), block(40, window));
  EXPECT_EQ(board.last_gap(una, nxt), block(40, window));
  sacked(board, {block(50, window)});
  EXPECT_EQ(board.last_gap(una, nxt), block(40, 50));
}

TEST(Scoreboard, OneRescueARecovery) {
  Scoreboard board = begun();
  board.begin_recovery(una);
  board.resent(una + 10);
  board.first_resent();
  EXPECT_FALSE(board.may_rescue(una));
  EXPECT_FALSE(board.may_rescue(una + 10));
  EXPECT_TRUE(board.may_rescue(una + 11));
  board.rescued(nxt);
  EXPECT_FALSE(board.may_rescue(una + 11));
}

TEST(Scoreboard, NoMoreThanSoManyPieces) {
  Scoreboard board;
  board.begin(smss, Seq{0});
  for (std::uint32_t i = 0; i < Scoreboard::max_blocks + 5; ++i) {
    const Block one{Seq{10 * i + 5}, Seq{10 * i + 6}};
    const bool marked = board.update(Seq{0}, Seq{0}, Seq{100000}, std::array{one});
    EXPECT_EQ(marked, i < Scoreboard::max_blocks);
  }
}

/// An octet is marked or not; what is lost is counted octet by octet.
struct Model {
  std::array<bool, window> marked{};
  std::uint32_t from = 0, high_rxt = 0;

  bool lost(std::uint32_t at) const {
    std::uint32_t pieces = 0, octets = 0;
    for (std::uint32_t i = at + 1; i < window; ++i) {
      if (!marked[i]) continue;
      ++octets;
      if (!marked[i - 1]) ++pieces;
    }
    return pieces >= 3 || octets > 2 * smss;
  }
  std::uint32_t pipe() const {
    std::uint32_t sum = 0;
    for (std::uint32_t i = from; i < window; ++i) {
      if (marked[i]) continue;
      sum += (lost(i) ? 0U : 1U) + (i < high_rxt ? 1U : 0U);
    }
    return sum;
  }
};

RC_GTEST_PROP(Scoreboard, AgreesWithTheModelOctetByOctet, ()) {
  Scoreboard board = begun();
  Model model;
  Seq now_una = una;
  const auto steps = *rc::gen::inRange(1, 30);
  for (int step = 0; step < steps; ++step) {
    const auto left = *rc::gen::inRange<std::uint32_t>(model.from + 1, window);
    const auto right = *rc::gen::inRange<std::uint32_t>(left, window + 1);
    bool news = false;
    for (std::uint32_t i = left; i < right; ++i) {
      news = news || !model.marked[i];
      model.marked[i] = true;
    }
    RC_ASSERT(board.update(now_una, now_una, nxt, std::array{block(left, right)}) == news);
    if (*rc::gen::inRange(0, 4) == 0) {
      model.high_rxt = std::max(model.high_rxt, *rc::gen::inRange<std::uint32_t>(1, window));
      board.resent(una + model.high_rxt);
    }
    if (*rc::gen::inRange(0, 6) == 0) {
      model.from = *rc::gen::inRange<std::uint32_t>(model.from, window - 1);
      model.high_rxt = std::max(model.high_rxt, model.from);
      for (std::uint32_t i = 0; i < model.from; ++i) model.marked[i] = false;
      now_una = una + model.from;
      board.advance(now_una);
    }
    const Seq lost = board.lost_below(now_una);
    for (std::uint32_t i = model.from; i < window; ++i) {
      if (!model.marked[i]) RC_ASSERT(model.lost(i) == wire::lt(una + i, lost));
    }
    RC_ASSERT(board.pipe(now_una, nxt, lost) == model.pipe());
  }
}

}  // namespace
}  // namespace tcproof::tcp
