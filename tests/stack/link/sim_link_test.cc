// SPDX-License-Identifier: Apache-2.0
#include "stack/link/sim_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tcproof::link {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using wire::Buffer;

struct Inbox {
  explicit Inbox(Simulator& simulator, Link& link) {
    link.on_receive([this, &simulator](wire::Bytes frame) {
      first_octets.push_back(frame[0]);
      at.push_back(simulator.now().time_since_epoch());
    });
  }
  std::vector<std::uint8_t> first_octets;
  std::vector<Duration> at;
};

TEST(SimLink, DeliversInTheSameInstantButNotInsideSend) {
  Simulator simulator;
  SimLink cable(simulator, 1500);
  Inbox inbox(simulator, cable.b());
  cable.a().send(Buffer{1, 0});
  cable.a().send(Buffer{2, 0});
  EXPECT_THAT(inbox.first_octets, IsEmpty());
  simulator.advance(simulator.now());
  EXPECT_THAT(inbox.first_octets, ElementsAre(1, 2));
}

TEST(SimLink, EachDirectionHasItsDelay) {
  Simulator simulator;
  SimLink cable(simulator, 1500, {.delay = 5ms}, {.delay = 7ms});
  Inbox at_a(simulator, cable.a()), at_b(simulator, cable.b());
  cable.a().send(Buffer{1});
  cable.b().send(Buffer{1});
  simulator.advance(simulator.now() + 1s);
  EXPECT_THAT(at_b.at, ElementsAre(5ms));
  EXPECT_THAT(at_a.at, ElementsAre(7ms));
}

TEST(SimLink, ARateMakesFramesWaitForEachOther) {
  Simulator simulator;
  SimLink cable(simulator, 1500, {.delay = 1ms, .rate = 8'000'000});  // an octet takes 1 us
  Inbox inbox(simulator, cable.b());
  cable.a().send(Buffer(1000));
  cable.a().send(Buffer(500));
  simulator.advance(simulator.now() + 1s);
  EXPECT_THAT(inbox.at, ElementsAre(2ms, 2500us));
}

TEST(SimLink, DropsWhatIsLongerThanTheMtu) {
  Simulator simulator;
  SimLink cable(simulator, 1500);
  Inbox inbox(simulator, cable.b());
  cable.a().send(Buffer(1514));
  cable.a().send(Buffer(1515));
  simulator.advance(simulator.now());
  EXPECT_THAT(inbox.at, SizeIs(1));
}

TEST(SimLink, FramesUnderWayOutliveTheLinkHarmlessly) {
  Simulator simulator;
  {
    SimLink cable(simulator, 1500, {.delay = 1s});
    cable.a().send(Buffer(60));
  }
  simulator.advance(simulator.now() + 2s);
  EXPECT_FALSE(simulator.next_event());
}

}  // namespace
}  // namespace tcproof::link
