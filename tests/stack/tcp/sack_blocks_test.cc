// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/sack_blocks.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <utility>
#include <vector>

// RFC 2018 4 and 2883 4: which pieces an ACK names, and in which order.

namespace tcproof::tcp {
namespace {

using Pieces = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

/// A receiver that has acknowledged up to its first number, near the wrap.
struct Receiver {
  Seq nxt{0xffffff00};
  Reassembly held;
  SackBlocks sack;

  bool arrives(std::uint32_t begin, std::uint32_t end) {
    if (!held.add({begin, end})) return false;
    sack.arrived(nxt + begin, nxt, held);
    return true;
  }
  Pieces named(std::size_t places = 4) {
    Segment segment;
    sack.fill(segment, places, nxt, held);
    Pieces out;
    for (std::size_t i = 0; i < segment.sack_count; ++i) {
      out.emplace_back(static_cast<std::uint32_t>(segment.sack[i].left - nxt),
                       static_cast<std::uint32_t>(segment.sack[i].right - nxt));
    }
    return out;
  }
};

TEST(SackBlocks, TheNewestFirstThenByHowRecentlyTheyWere) {
  Receiver r;
  r.arrives(100, 200);
  r.arrives(500, 600);
  r.arrives(300, 400);
  EXPECT_EQ(r.named(), (Pieces{{300, 400}, {500, 600}, {100, 200}}));
  r.arrives(200, 250);
  EXPECT_EQ(r.named(), (Pieces{{100, 250}, {300, 400}, {500, 600}}));
  EXPECT_EQ(r.named(2), (Pieces{{100, 250}, {300, 400}}));
}

TEST(SackBlocks, PiecesThatMergeAreNamedOnce) {
  Receiver r;
  r.arrives(100, 200);
  r.arrives(300, 400);
  r.arrives(200, 300);
  EXPECT_EQ(r.named(), (Pieces{{100, 400}}));
}

TEST(SackBlocks, ADuplicateIsNamedFirstAndOnce) {
  Receiver r;
  r.arrives(100, 300);
  r.arrives(500, 600);
  r.sack.report_once({r.nxt + 200, r.nxt + 300});
  EXPECT_EQ(r.sack.count(r.held), 3U);
  EXPECT_EQ(r.named(), (Pieces{{200, 300}, {100, 300}, {500, 600}}));
  EXPECT_EQ(r.named(), (Pieces{{500, 600}, {100, 300}}));
}

TEST(SackBlocks, ADuplicateBelowTheAck) {
  Receiver r;
  r.arrives(100, 200);
  r.sack.report_once({r.nxt - 50, r.nxt});
  Segment segment;
  r.sack.fill(segment, 3, r.nxt, r.held);
  ASSERT_EQ(segment.sack_count, 2U);
  EXPECT_EQ(segment.sack[0], (SackBlocks::Block{r.nxt - 50, r.nxt}));
  EXPECT_EQ(segment.sack[1], (SackBlocks::Block{r.nxt + 100, r.nxt + 200}));
}

RC_GTEST_PROP(SackBlocks, NameEveryPieceOnceAndTheNewestFirst, ()) {
  Receiver r;
  std::optional<std::uint32_t> newest;
  const auto count = *rc::gen::inRange<std::size_t>(1, 60);
  for (std::size_t i = 0; i < count; ++i) {
    const auto begin = *rc::gen::inRange<std::uint32_t>(1, 400);
    const auto size = *rc::gen::inRange<std::uint32_t>(1, 20);
    if (r.arrives(begin, begin + size)) newest = begin;
  }
  Pieces named = r.named();
  RC_ASSERT(named.size() == std::min<std::size_t>(r.held.count(), 4));
  RC_ASSERT(named.front().first <= *newest && *newest < named.front().second);
  std::sort(named.begin(), named.end());
  RC_ASSERT(std::adjacent_find(named.begin(), named.end()) == named.end());
  for (const auto& [begin, end] : named) {
    bool found = false;
    for (std::size_t i = 0; i < r.held.count(); ++i)
      found = found || r.held[i] == Reassembly::Range{begin, end};
    RC_ASSERT(found);
  }
}

}  // namespace
}  // namespace tcproof::tcp
