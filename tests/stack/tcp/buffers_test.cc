// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "stack/tcp/receive_buffer.h"
#include "stack/tcp/send_buffer.h"

namespace tcproof::tcp {
namespace {

wire::Buffer octets(std::size_t from, std::size_t count) {
  wire::Buffer b(count);
  for (std::size_t i = 0; i < count; ++i) b[i] = static_cast<std::uint8_t>((from + i) * 7 % 251);
  return b;
}

TEST(SendBuffer, IsAStream) {
  EXPECT_TRUE(rc::check([] {
    const std::size_t capacity = *rc::gen::inRange<std::size_t>(1, 20000);
    SendBuffer buffer(capacity);
    std::size_t in = 0, out = 0;
    for (int step = 0; step < 40; ++step) {
      const std::size_t n = *rc::gen::inRange<std::size_t>(0, 8000);
      const std::size_t taken = buffer.append(octets(in, n));
      RC_ASSERT(taken == std::min(n, capacity - (in - out)));
      in += taken;
      RC_ASSERT(buffer.size() == in - out);
      const auto view = buffer.view(0, buffer.size());
      RC_ASSERT(std::ranges::equal(view, octets(out, in - out)));
      const std::size_t acked = *rc::gen::inRange<std::size_t>(0, in - out + 1);
      buffer.drop_front(acked);
      out += acked;
    }
  }));
}

TEST(Reassembly, MergesWhatTouches) {
  Reassembly r;
  EXPECT_TRUE(r.add({10, 20}));
  EXPECT_TRUE(r.add({30, 40}));
  EXPECT_TRUE(r.add({50, 60}));
  EXPECT_EQ(r.count(), 3U);
  EXPECT_TRUE(r.add({20, 30}));
  EXPECT_EQ(r.count(), 2U);
  EXPECT_EQ(r[0], (Reassembly::Range{10, 40}));
  EXPECT_EQ(r.contiguous(), 0U);
  EXPECT_TRUE(r.add({0, 55}));
  EXPECT_EQ(r.count(), 1U);
  EXPECT_EQ(r.contiguous(), 60U);
  r.advance(60);
  EXPECT_TRUE(r.empty());
}

TEST(Reassembly, RefusesOneHoleTooMany) {
  Reassembly r;
  for (std::size_t i = 0; i < Reassembly::max_ranges; ++i)
    EXPECT_TRUE(r.add({10 * i + 1, 10 * i + 2}));
  EXPECT_FALSE(r.add({1000, 1001}));
  EXPECT_EQ(r.count(), Reassembly::max_ranges);
  EXPECT_EQ(r[r.count() - 1], (Reassembly::Range{311, 312}));
  EXPECT_TRUE(r.add({2, 1001}));
  EXPECT_EQ(r.count(), 1U);
}

// Else a full store would keep out the very piece that RCV.NXT waits for, for ever.
TEST(Reassembly, MakesRoomAtTheFront) {
  Reassembly r;
  for (std::size_t i = 0; i < Reassembly::max_ranges; ++i) {
    EXPECT_TRUE(r.add({10 * i + 5, 10 * i + 6}));
  }
  EXPECT_TRUE(r.add({0, 4}));
  EXPECT_EQ(r.contiguous(), 4U);
  EXPECT_EQ(r.count(), Reassembly::max_ranges);
  EXPECT_EQ(r[r.count() - 1], (Reassembly::Range{305, 306}));
}

/// The naive model: which value each octet number got first.
class Model {
 public:
  void insert(std::size_t at, wire::Bytes text) {
    for (std::size_t i = 0; i < text.size(); ++i) held_.emplace(at + i, text[i]);
  }
  std::size_t advance() {
    const std::size_t before = next_;
    while (held_.contains(next_)) ++next_;
    return next_ - before;
  }
  std::uint8_t at(std::size_t n) const { return held_.at(n); }
  std::size_t next() const { return next_; }

 private:
  std::map<std::size_t, std::uint8_t> held_;
  std::size_t next_ = 0;
};

// Pieces in any order, overlapping with other contents: the first arrival of an octet stays, as in
// the model.
TEST(ReceiveBuffer, AgreesWithTheModel) {
  EXPECT_TRUE(rc::check([] {
    const std::size_t capacity = *rc::gen::inRange<std::size_t>(50, 9000);
    ReceiveBuffer buffer(capacity);
    Model model;
    std::size_t read = 0;
    for (int step = 0; step < 60; ++step) {
      const std::size_t room = buffer.room();
      if (room > 0) {
        const std::size_t offset =
            *rc::gen::inRange<std::size_t>(0, std::min<std::size_t>(room, 200));
        const std::size_t count = *rc::gen::inRange<std::size_t>(0, room - offset + 1);
        const auto text =
            *rc::gen::container<wire::Buffer>(count, rc::gen::arbitrary<std::uint8_t>());
        if (buffer.insert(offset, text)) model.insert(model.next() + offset, text);
      }
      RC_ASSERT(buffer.advance() == model.advance());
      RC_ASSERT(buffer.readable() == model.next() - read);
      wire::Buffer out(*rc::gen::inRange<std::size_t>(0, 3000));
      const std::size_t got = buffer.read(out);
      for (std::size_t i = 0; i < got; ++i) RC_ASSERT(out[i] == model.at(read + i));
      read += got;
    }
  }));
}

}  // namespace
}  // namespace tcproof::tcp
