// SPDX-License-Identifier: Apache-2.0
#include "stack/link/fault_link.h"

#include <algorithm>
#include <bit>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tcproof::link {
namespace {

using testing::ElementsAre;
using testing::SizeIs;
using wire::Buffer;

class Recorder : public Link {
 public:
  void send(wire::Bytes frame) override { frames.emplace_back(frame.begin(), frame.end()); }
  void on_receive(Receiver) override {}
  std::size_t mtu() const override { return 1500; }
  std::vector<Buffer> frames;
};

std::vector<Buffer> through(const Faults& faults, std::uint64_t seed, int count) {
  Simulator simulator;
  Recorder recorder;
  FaultLink link(simulator, recorder, faults, seed);
  for (int i = 0; i < count; ++i) {
    Buffer frame(60);
    wire::put16(frame, 20, static_cast<std::uint16_t>(i));
    link.send(frame);
    simulator.advance(simulator.now() + 1ms);
  }
  simulator.advance(simulator.now() + 1s);
  return recorder.frames;
}

std::vector<int> numbers(const std::vector<Buffer>& frames) {
  std::vector<int> list;
  for (const Buffer& frame : frames) list.push_back(wire::be16(frame, 20));
  return list;
}

TEST(FaultLink, TheSeedDecidesEveryOctet) {
  const Faults faults{.loss = 0.1, .duplicate = 0.1, .reorder = 0.1, .corrupt = 0.1, .jitter = 5ms};
  EXPECT_EQ(through(faults, 41, 500), through(faults, 41, 500));
  EXPECT_NE(through(faults, 41, 500), through(faults, 42, 500));
}

TEST(FaultLink, WithoutFaultsNothingChanges) {
  EXPECT_THAT(numbers(through({}, 1, 3)), ElementsAre(0, 1, 2));
}

TEST(FaultLink, LossAndDuplicationFollowTheirProbabilities) {
  const std::size_t kept = through({.loss = 0.25}, 7, 4000).size();
  EXPECT_GT(kept, 2850U);
  EXPECT_LT(kept, 3150U);
  EXPECT_THAT(through({.loss = 1}, 7, 100), SizeIs(0));
  EXPECT_THAT(through({.duplicate = 1}, 7, 100), SizeIs(200));
}

TEST(FaultLink, AReorderedFrameLetsTheNextPass) {
  // Every frame wants to be held; only one is at a time, so neighbours change places.
  EXPECT_THAT(numbers(through({.reorder = 1}, 1, 4)), ElementsAre(1, 0, 3, 2));
}

TEST(FaultLink, TheLastReorderedFrameIsNotHeldForEver) {
  EXPECT_THAT(numbers(through({.reorder = 1}, 1, 3)), ElementsAre(1, 0, 2));
}

TEST(FaultLink, CorruptionFlipsOneBitBehindTheEthernetHeader) {
  const auto spoiled = through({.corrupt = 1}, 3, 50);
  ASSERT_THAT(spoiled, SizeIs(50));
  std::set<std::size_t> places;
  for (int i = 0; i < 50; ++i) {
    Buffer frame(60);
    wire::put16(frame, 20, static_cast<std::uint16_t>(i));
    int bits = 0;
    for (std::size_t at = 0; at < frame.size(); ++at) {
      const unsigned changed = frame[at] ^ spoiled[static_cast<std::size_t>(i)][at];
      if (changed != 0) places.insert(at);
      bits += std::popcount(changed);
    }
    EXPECT_EQ(bits, 1);
  }
  EXPECT_GE(*places.begin(), 14U);
  EXPECT_GT(places.size(), 10U);
}

TEST(FaultLink, JitterLetsFramesOvertakeAndLosesNone) {
  auto list = numbers(through({.jitter = 20ms}, 5, 100));
  EXPECT_FALSE(std::ranges::is_sorted(list));
  std::ranges::sort(list);
  ASSERT_THAT(list, SizeIs(100));
  EXPECT_EQ(std::ranges::adjacent_find(list), list.end());
}

}  // namespace
}  // namespace tcproof::link
