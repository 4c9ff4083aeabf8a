// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/sim_network.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/harness/topology/sim_networks.h"

namespace tcproof::harness {
namespace {

using namespace sim_test;
using testing::ElementsAre;
using testing::IsEmpty;

struct Arrival {
  Instant at;
  std::uint8_t number;
  bool operator==(const Arrival&) const = default;
};

// A pair whose link is impaired towards the target.
class Bed {
 public:
  explicit Bed(const checks::Impairment& towards_target, std::uint64_t seed = 1)
      : network_(impaired(towards_target)),
        sim_(network_, simulator, seed, "a/case",
             {.seen = [this](checks::LinkId, checks::HostId from,
                             wire::Bytes) { seen.push_back(from); },
              .to_target =
                  [this](wire::Bytes frame) {
                    arrived.push_back({simulator.now(), frame.back()});
                    intact = intact && frame.size() == 60 && frame[20] == 0;
                  }}) {}

  void send(std::uint8_t number) {
    wire::Buffer frame(60);
    frame.back() = number;
    sim_.put(0, tester, frame);
  }
  void run(Duration length) { simulator.advance(simulator.now() + length); }
  std::vector<std::uint8_t> order() const {
    std::vector<std::uint8_t> numbers;
    for (const Arrival& one : arrived) numbers.push_back(one.number);
    return numbers;
  }
  SimNetwork& sim() { return sim_; }

  link::Simulator simulator;
  std::vector<Arrival> arrived;
  std::vector<checks::HostId> seen;
  bool intact = true;

 private:
  static checks::Network impaired(const checks::Impairment& towards_target) {
    checks::Network network = pair();
    network.links[0].ends[1].towards = towards_target;
    return network;
  }
  checks::Network network_;
  SimNetwork sim_;
};

TEST(SimNetwork, AFlawlessLinkDeliversAtOnceAndInOrder) {
  Bed bed({});
  bed.send(1);
  bed.send(2);
  EXPECT_THAT(bed.arrived, IsEmpty()) << "never from within put()";
  EXPECT_EQ(bed.sim().in_flight(), 2U);
  bed.run(0ns);
  EXPECT_THAT(bed.arrived, ElementsAre(Arrival{Instant{}, 1}, Arrival{Instant{}, 2}));
  EXPECT_EQ(bed.sim().in_flight(), 0U);
  EXPECT_THAT(bed.seen, IsEmpty()) << "what the tester sends is not seen";
}

TEST(SimNetwork, WhatTheTargetSendsIsSeen) {
  Bed bed({});
  bed.sim().put_by_target(wire::Buffer(60));
  EXPECT_THAT(bed.seen, ElementsAre(target));
  EXPECT_EQ(bed.sim().in_flight(), 0U);
}

TEST(SimNetwork, DelaysTowardsOneEnd) {
  Bed bed({.delay = 30ms});
  bed.send(1);
  bed.run(1s);
  EXPECT_THAT(bed.arrived, ElementsAre(Arrival{Instant{30ms}, 1}));
}

// 60 octets at 480 kbit/s take a millisecond each.
TEST(SimNetwork, ARateSpacesFramesAndAQueueOverflows) {
  Bed bed({.rate_bps = 480'000, .queue = 2});
  for (std::uint8_t i = 1; i <= 4; ++i) bed.send(i);
  bed.run(1s);
  EXPECT_THAT(bed.arrived, ElementsAre(Arrival{Instant{1ms}, 1}, Arrival{Instant{2ms}, 2}));
}

TEST(SimNetwork, LosesDuplicatesAndCorrupts) {
  Bed lossy({.loss = 1});
  lossy.send(1);
  lossy.run(1s);
  EXPECT_THAT(lossy.arrived, IsEmpty());

  Bed twice({.duplicate = 1});
  twice.send(1);
  twice.run(1s);
  EXPECT_THAT(twice.order(), ElementsAre(1, 1));

  Bed flipped({.corrupt = 1});
  for (int i = 0; i < 2000; ++i) flipped.send(0);
  flipped.run(1s);
  EXPECT_FALSE(flipped.intact);
}

TEST(SimNetwork, AReorderedFrameIsOvertakenByTheNext) {
  Bed bed({.reorder = 0.3});
  for (std::uint8_t i = 0; i < 100; ++i) {
    bed.send(i);
    bed.run(1ms);
  }
  bed.run(1s);
  const auto order = bed.order();
  EXPECT_EQ(order.size(), 100U);
  EXPECT_FALSE(std::ranges::is_sorted(order));
  EXPECT_EQ(bed.sim().in_flight(), 0U);
}

TEST(SimNetwork, AReorderedFrameWithoutSuccessorComesLate) {
  Bed bed({.reorder = 1});
  bed.send(1);
  bed.run(1s);
  EXPECT_THAT(bed.arrived, ElementsAre(Arrival{Instant{10ms}, 1}));
}

TEST(SimNetwork, JitterKeepsTheOrder) {
  Bed bed({.delay = 10ms, .jitter = 10ms});
  for (std::uint8_t i = 0; i < 100; ++i) {
    bed.send(i);
    bed.run(1ms);
  }
  bed.run(1s);
  EXPECT_EQ(bed.arrived.size(), 100U);
  EXPECT_TRUE(std::ranges::is_sorted(bed.order()));
}

TEST(SimNetwork, TheSeedDecidesEverything) {
  const checks::Impairment bad{
      .delay = 5ms, .jitter = 5ms, .loss = 0.2, .duplicate = 0.2, .reorder = 0.2};
  const auto run = [&](std::uint64_t seed) {
    Bed bed(bad, seed);
    for (std::uint8_t i = 0; i < 100; ++i) {
      bed.send(i);
      bed.run(1ms);
    }
    bed.run(1s);
    return bed.arrived;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

// A tester with ears hears what comes through, not what was sent.
TEST(SimNetwork, TesterHearsBehindTheImpairment) {
  for (const double loss : {0.0, 1.0}) {
    checks::Network network = pair();
    network.links[0].ends[0].towards.loss = loss;
    link::Simulator simulator;
    std::size_t seen = 0, heard = 0;
    SimNetwork sim(network, simulator, 1, "case",
                   {.seen = [&](checks::LinkId, checks::HostId, wire::Bytes) { ++seen; },
                    .to_target = [](wire::Bytes) {},
                    .to_tester = [&](checks::LinkId, wire::Bytes) { ++heard; }});
    sim.put_by_target(wire::Buffer(60));
    EXPECT_EQ(heard, 0U) << "never within the call";
    simulator.advance(simulator.now() + 1ms);
    EXPECT_EQ(seen, 1U);
    EXPECT_EQ(heard, loss == 0.0 ? 1U : 0U);
  }
}

}  // namespace
}  // namespace tcproof::harness
