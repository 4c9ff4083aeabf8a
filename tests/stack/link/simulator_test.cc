// SPDX-License-Identifier: Apache-2.0
#include "stack/link/simulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tcproof::link {
namespace {

using testing::ElementsAre;

TEST(Simulator, RunsEventsByTimeAndThoseOfOneInstantInTheOrderScheduled) {
  Simulator simulator;
  std::vector<int> ran;
  const Instant start = simulator.now();
  simulator.schedule(start + 2s, [&] { ran.push_back(3); });
  simulator.schedule(start + 1s, [&] { ran.push_back(1); });
  simulator.schedule(start + 1s, [&] { ran.push_back(2); });
  EXPECT_EQ(simulator.next_event(), start + 1s);
  simulator.advance(start + 1s);
  EXPECT_THAT(ran, ElementsAre(1, 2));
  simulator.advance(start + 5s);
  EXPECT_THAT(ran, ElementsAre(1, 2, 3));
  EXPECT_EQ(simulator.now(), start + 5s);
  EXPECT_FALSE(simulator.next_event());
}

TEST(Simulator, AnEventSeesItsOwnTimeAndMayScheduleMoreForIt) {
  Simulator simulator;
  std::vector<Instant> ran;
  const Instant due = simulator.now() + 3ms;
  simulator.schedule(due, [&] {
    ran.push_back(simulator.now());
    simulator.schedule(simulator.now(), [&] { ran.push_back(simulator.now()); });
  });
  simulator.advance(due + 1s);
  EXPECT_THAT(ran, ElementsAre(due, due));
}

}  // namespace
}  // namespace tcproof::link
