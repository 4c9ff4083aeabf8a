// SPDX-License-Identifier: Apache-2.0
#include "generator/pacer.h"

#include <gtest/gtest.h>

#include "tests/generator/streams.h"

namespace tcproof::generator {
namespace {

CompiledStream paced(Schedule schedule, Variation size = Variation::constant(60)) {
  Stream stream = udp_stream();
  stream.schedule = schedule;
  stream.size = std::move(size);
  return CompiledStream::compile(stream).value();
}

TEST(Pacer, ConstantPacketsKeepTheirRateForEver) {
  const CompiledStream stream = paced({.kind = Schedule::Kind::packets, .rate = 100000});
  Pacer pacer(stream);
  EXPECT_EQ(pacer.due(0), 0ns);
  EXPECT_EQ(pacer.due(1), 10us);
  EXPECT_EQ(pacer.due(3600ULL * 100000), 3600s);
  EXPECT_EQ(packets_within(stream, 10s), 1000000U);
}

TEST(Pacer, BitsCountTheSizesAsTheyCome) {
  Variation sizes{.kind = Variation::Kind::list, .values = {100, 200, 300}};
  const CompiledStream stream = paced({.kind = Schedule::Kind::bits, .rate = 8000}, sizes);
  Pacer pacer(stream);
  EXPECT_EQ(pacer.due(1), 100ms);
  EXPECT_EQ(pacer.due(2), 300ms);
  EXPECT_EQ(pacer.due(3), 600ms);
  EXPECT_EQ(pacer.due(3001), 600100ms);
}

TEST(Pacer, BurstsLeaveTogether) {
  const CompiledStream stream = paced({.kind = Schedule::Kind::bursts, .size = 100, .every = 10ms});
  Pacer pacer(stream);
  EXPECT_EQ(pacer.due(99), 0ns);
  EXPECT_EQ(pacer.due(100), 10ms);
  EXPECT_EQ(pacer.due(100000), 10s);
}

TEST(Pacer, ARampReachesItsRateWhenItShould) {
  const CompiledStream stream =
      paced({.kind = Schedule::Kind::ramp, .rate = 1000, .end_rate = 3000, .over = 10s});
  Pacer pacer(stream);
  EXPECT_NEAR(static_cast<double>(pacer.due(1).count()), 1e6, 1e3);  // 1,000 a second at first
  EXPECT_NEAR(static_cast<double>(pacer.due(20000).count()), 10e9, 1e3);
  EXPECT_NEAR(static_cast<double>(pacer.due(23000).count()), 11e9, 1e3);
  EXPECT_EQ(packets_within(stream, 10s), 20000U);
}

TEST(Pacer, PoissonHasItsRateAndIsTheSameEveryTime) {
  const CompiledStream stream = paced({.kind = Schedule::Kind::poisson, .rate = 1000, .seed = 5});
  Pacer once(stream);
  Pacer again(stream);
  const Duration end = once.due(100000);
  EXPECT_EQ(again.due(100000), end);
  EXPECT_NEAR(static_cast<double>(end.count()) / 1e9, 100, 2);  // 6 standard deviations
  // A batch is looked at before it is sent, and may be sent in parts.
  Pacer ahead(stream);
  const Duration tenth = ahead.due(10);
  ahead.due(70);
  EXPECT_EQ(ahead.due(10), tenth);
  Pacer fresh(stream);
  Duration before{};
  int above_mean = 0;
  for (std::uint64_t k = 1; k <= 10000; ++k) {
    const Duration at = fresh.due(k);
    if (at - before > 1ms) ++above_mean;
    before = at;
  }
  EXPECT_NEAR(above_mean, 3679, 300);  // exp(-1) of the gaps are above the mean one
}

}  // namespace
}  // namespace tcproof::generator
