// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/reassembly.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace tcproof::ip {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using wire::Buffer;
using Overlap = Reassembler::Overlap;

constexpr std::uint8_t head[] = {0xaa, 0xbb};

struct Piece {
  std::size_t offset = 0;
  bool more = false;
  Buffer data;
};

FragmentKey key_of(std::uint32_t id) {
  return {wire::IpAddress::v4(192, 0, 2, 1), wire::IpAddress::v4(192, 0, 2, 2), id, 17};
}

Fragment fragment(const Piece& piece, std::uint32_t id = 1) {
  return {.key = key_of(id),
          .offset = piece.offset,
          .more = piece.more,
          .head = head,
          .data = piece.data,
          .packet = piece.data};
}

/// What first-wins means, octet by octet.
class NaiveModel {
 public:
  std::optional<Buffer> add(const Piece& piece) {
    const std::size_t end = piece.offset + piece.data.size();
    const std::size_t have_end = octets_.empty() ? 0 : octets_.rbegin()->first + 1;
    if (total_ && (piece.more ? end > *total_ : end != *total_)) return {};
    if (!total_ && !piece.more && have_end > end) return {};
    if (!piece.more) total_ = end;
    for (std::size_t i = 0; i < piece.data.size(); ++i)
      octets_.try_emplace(piece.offset + i, piece.data[i]);
    if (!total_ || octets_.size() != *total_) return {};
    Buffer whole(std::begin(head), std::end(head));
    for (const auto& [at, octet] : octets_) whole.push_back(octet);
    return whole;
  }

 private:
  std::map<std::size_t, std::uint8_t> octets_;
  std::optional<std::size_t> total_;
};

std::vector<Piece> any_pieces() {
  std::vector<Piece> pieces;
  const auto numbers = *rc::gen::container<std::vector<std::tuple<unsigned, unsigned, unsigned>>>(
      rc::gen::tuple(rc::gen::inRange(0U, 8U), rc::gen::inRange(1U, 5U), rc::gen::inRange(0U, 6U)));
  std::uint8_t fill = 0;
  for (const auto& [offset, size, last] : numbers)
    pieces.push_back({offset * 8, last != 0, Buffer(size * 8, ++fill)});
  return pieces;
}

// Any pieces in any order, overlapping and contradicting each other.
TEST(Reassembler, FirstWinsAsANaiveModelDoes) {
  const bool holds = rc::check([] {
    Reassembler reassembler(Overlap::first_wins);
    NaiveModel model;
    for (const Piece& piece : any_pieces()) {
      const auto whole = reassembler.add(fragment(piece), {}).whole;
      const auto expected = model.add(piece);
      RC_ASSERT(whole.has_value() == expected.has_value());
      if (!whole) continue;
      RC_ASSERT(*whole == *expected);
      RC_ASSERT(reassembler.packets() == 0U);
      return;
    }
  });
  EXPECT_TRUE(holds);
}

/// What RFC 5722 means, octet by octet: a piece that only repeats what is there is no overlap.
class NaiveDiscard {
 public:
  std::optional<Buffer> add(const Piece& piece) {
    if (poisoned_) return {};
    const std::size_t end = piece.offset + piece.data.size();
    const std::size_t have_end = octets_.empty() ? 0 : octets_.rbegin()->first + 1;
    std::size_t there = 0, equal = 0;
    for (std::size_t i = 0; i < piece.data.size(); ++i) {
      const auto found = octets_.find(piece.offset + i);
      if (found == octets_.end()) continue;
      ++there;
      equal += found->second == piece.data[i];
    }
    const bool at_end = total_ && end == *total_;
    if (equal == piece.data.size() && at_end != piece.more) return {};
    const bool contradicts =
        total_ ? (piece.more ? end > *total_ : end != *total_) : !piece.more && have_end > end;
    poisoned_ = there > 0 || contradicts;
    if (poisoned_) return {};
    if (!piece.more) total_ = end;
    for (std::size_t i = 0; i < piece.data.size(); ++i) octets_[piece.offset + i] = piece.data[i];
    if (!total_ || octets_.size() != *total_) return {};
    Buffer whole(std::begin(head), std::end(head));
    for (const auto& [at, octet] : octets_) whole.push_back(octet);
    return whole;
  }

 private:
  std::map<std::size_t, std::uint8_t> octets_;
  std::optional<std::size_t> total_;
  bool poisoned_ = false;
};

TEST(Reassembler, AnOverlapDiscardsAsANaiveModelDoes) {
  const bool holds = rc::check([] {
    Reassembler reassembler(Overlap::discard_packet);
    NaiveDiscard model;
    // Every other piece may repeat the one before it, else hardly a packet would survive.
    std::vector<Piece> pieces = any_pieces();
    const auto repeats =
        *rc::gen::container<std::vector<bool>>(pieces.size(), rc::gen::arbitrary<bool>());
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      for (int time = 0; time <= (repeats[i] ? 1 : 0); ++time) {
        const auto whole = reassembler.add(fragment(pieces[i]), {}).whole;
        const auto expected = model.add(pieces[i]);
        RC_ASSERT(whole.has_value() == expected.has_value());
        if (!whole) continue;
        RC_ASSERT(*whole == *expected);
        return;
      }
    }
  });
  EXPECT_TRUE(holds);
}

// A packet cut anywhere comes out whole whatever the order and the repetitions, under both rules.
TEST(Reassembler, CutShuffledAndRepeatedPacketsComeOutWhole) {
  const bool holds = rc::check([] {
    const auto octets = *rc::gen::nonEmpty<Buffer>();
    const auto cuts = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
    std::set<std::size_t> edges{0, octets.size()};
    for (const std::uint8_t cut : cuts) {
      const std::size_t at = cut / 8 * 8U;
      if (at < octets.size()) edges.insert(at);
    }
    std::vector<Piece> pieces;
    for (auto at = edges.begin(); std::next(at) != edges.end(); ++at) {
      const std::size_t end = *std::next(at);
      pieces.push_back({*at, end != octets.size(),
                        Buffer(octets.begin() + static_cast<std::ptrdiff_t>(*at),
                               octets.begin() + static_cast<std::ptrdiff_t>(end))});
    }
    const auto order = *rc::gen::container<std::vector<std::size_t>>(
        rc::gen::inRange<std::size_t>(0, pieces.size()));
    for (const Overlap overlap : {Overlap::first_wins, Overlap::discard_packet}) {
      Reassembler reassembler(overlap);
      std::optional<Buffer> whole;
      const auto add = [&](std::size_t i) {
        if (!whole) whole = reassembler.add(fragment(pieces[i]), {}).whole;
      };
      for (const std::size_t i : order) add(i);
      for (std::size_t i = pieces.size(); i > 0; --i) add(i - 1);
      RC_ASSERT(whole.has_value());
      RC_ASSERT(Buffer(whole->begin() + 2, whole->end()) == octets);
    }
  });
  EXPECT_TRUE(holds);
}

// RFC 5722: the packet goes, and so does what comes of it later.
TEST(Reassembler, AnOverlapDiscardsAnIpv6PacketForGood) {
  Reassembler reassembler(Overlap::discard_packet);
  EXPECT_EQ(reassembler.add(fragment({0, true, Buffer(16, 1)}), {}).dropped, "");
  EXPECT_NE(reassembler.add(fragment({8, true, Buffer(16, 2)}), {}).dropped, "");
  EXPECT_NE(reassembler.add(fragment({0, true, Buffer(16, 1)}), {}).dropped, "");
  EXPECT_FALSE(reassembler.add(fragment({16, false, Buffer(8, 1)}), {}).whole);
  // Another packet is another matter.
  EXPECT_TRUE(reassembler.add(fragment({0, false, Buffer(8, 1)}, 2), {}).whole);
}

TEST(Reassembler, ARepeatedFragmentIsNoOverlapUnlessItDiffers) {
  Reassembler reassembler(Overlap::discard_packet);
  reassembler.add(fragment({0, true, Buffer(16, 1)}), {});
  reassembler.add(fragment({0, true, Buffer(16, 1)}), {});
  EXPECT_TRUE(reassembler.add(fragment({16, false, Buffer(8, 1)}), {}).whole);
  reassembler.add(fragment({0, true, Buffer(16, 1)}), {});
  reassembler.add(fragment({0, true, Buffer(16, 2)}), {});
  EXPECT_FALSE(reassembler.add(fragment({16, false, Buffer(8, 1)}), {}).whole);
}

TEST(Reassembler, PacketsAreToldApartByEveryPartOfTheKey) {
  Reassembler reassembler(Overlap::first_wins);
  reassembler.add(fragment({0, true, Buffer(8, 1)}), {});
  Fragment rest = fragment({8, false, Buffer(8, 2)});
  Fragment other = rest;
  other.key.id = 2;
  EXPECT_FALSE(reassembler.add(other, {}).whole);
  other = rest;
  other.key.protocol = 6;
  EXPECT_FALSE(reassembler.add(other, {}).whole);
  other = rest;
  other.key.src = wire::IpAddress::v4(192, 0, 2, 7);
  EXPECT_FALSE(reassembler.add(other, {}).whole);
  EXPECT_TRUE(reassembler.add(rest, {}).whole);
}

// RFC 1122 3.3.2: the timer runs from the first fragment that arrives and is not restarted.
TEST(Reassembler, TimeIsUpAMinuteAfterTheFirstPiece) {
  Reassembler reassembler(Overlap::first_wins);
  const Instant start{};
  reassembler.add(fragment({8, true, Buffer(8, 1)}), start);
  reassembler.add(fragment({0, true, Buffer(8, 7)}), start + 30s);
  EXPECT_EQ(reassembler.next_deadline(), start + 60s);
  std::vector<Buffer> gone;
  const auto collect = [&](wire::Bytes first) { gone.emplace_back(first.begin(), first.end()); };
  reassembler.expire(start + 60s - 1ns, collect);
  EXPECT_THAT(gone, IsEmpty());
  reassembler.expire(start + 60s, collect);
  ASSERT_THAT(gone, SizeIs(1));
  EXPECT_EQ(gone[0], Buffer(8, 7)) << "the first fragment, for ICMP to quote";
  EXPECT_FALSE(reassembler.next_deadline());
}

TEST(Reassembler, WithoutTheFirstFragmentThereIsNothingToQuote) {
  Reassembler reassembler(Overlap::first_wins);
  reassembler.add(fragment({8, true, Buffer(8, 1)}), {});
  reassembler.expire(Instant{} + 60s, [](wire::Bytes first) { EXPECT_TRUE(first.empty()); });
  EXPECT_EQ(reassembler.packets(), 0U);
}

TEST(Reassembler, NothingLongerThanAPacketIsBuilt) {
  Reassembler reassembler(Overlap::first_wins);
  EXPECT_EQ(reassembler.add(fragment({65528, false, Buffer(7)}), {}).dropped, "");
  EXPECT_NE(reassembler.add(fragment({65528, false, Buffer(8)}, 2), {}).dropped, "");
}

TEST(Reassembler, MemoryIsBounded) {
  Reassembler reassembler(Overlap::first_wins);
  for (std::uint32_t id = 0; id < 1000; ++id)
    reassembler.add(fragment({0, true, Buffer(8)}, id), {});
  EXPECT_EQ(reassembler.packets(), Reassembler::max_packets);
  for (std::uint32_t id = 2000; id < 2040; ++id)
    reassembler.add(fragment({60000, true, Buffer(8)}, id), {});
  EXPECT_LT(reassembler.packets(), 40U);
  // The newest survives.
  reassembler.add(fragment({0, true, Buffer(60000)}, 2039), {});
  EXPECT_TRUE(reassembler.add(fragment({60008, false, Buffer(8)}, 2039), {}).whole);
}

}  // namespace
}  // namespace tcproof::ip
