// SPDX-License-Identifier: Apache-2.0
#include "generator/tally.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "generator/backends/ring.h"
#include "generator/engine.h"
#include "tests/generator/streams.h"

namespace tcproof::generator {
namespace {

std::vector<CompiledStream> compile_all(std::vector<Stream> streams) {
  Profile profile;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    streams[i].id = static_cast<std::uint16_t>(i);
    profile.streams.push_back(streams[i]);
  }
  return compile(profile).value();
}

void take(Tally& tally, const wire::Buffer& octets, std::uint64_t at) {
  tally.take(octets, static_cast<std::uint32_t>(octets.size()), at);
}

TEST(Tally, TellsLostDuplicatedReorderedAndCorruptedApart) {
  const auto streams = compile_all({udp_stream(100)});
  Tally tally(streams, {});
  for (const std::uint64_t k : {0, 1, 2, 5, 4, 4, 6})
    take(tally, packet(streams[0], k, 1000), 3000);
  wire::Buffer spoiled = packet(streams[0], 7);
  spoiled.back() ^= 0x10;
  take(tally, spoiled, 3000);
  const Received& got = tally.streams()[0];
  EXPECT_EQ(got.frames, 8U);
  EXPECT_EQ(got.duplicated, 1U);
  EXPECT_EQ(got.reordered, 1U);
  EXPECT_EQ(got.corrupted, 1U);
  EXPECT_EQ(got.whole(), 6U);  // of 0..7, 3 is lost and 7 corrupted
  EXPECT_EQ(got.latency.total(), 7U);
  EXPECT_EQ(got.latency.largest(), 2000U);
}

TEST(Tally, AWrongChecksumThatIsWantedIsNoCorruption) {
  Stream stream = udp_stream(100);
  stream.frame.udp->checksum = wire::BadChecksum{};
  const auto streams = compile_all({stream});
  Tally tally(streams, {});
  take(tally, packet(streams[0], 0), 1);
  EXPECT_EQ(tally.streams()[0].corrupted, 0U);
  EXPECT_EQ(tally.streams()[0].frames, 1U);
}

TEST(Tally, TurnsOfSeveralThreadsAreInOrderEachForItself) {
  const auto streams = compile_all({udp_stream()});
  Tally tally(streams, {.threads = 2, .packets = 4});
  // The second thread is ahead of the first by two turns.
  for (const std::uint64_t k : {4, 5, 6, 7, 12, 13, 0, 1, 2, 3, 14, 8, 9}) {
    take(tally, packet(streams[0], k), 1);
  }
  EXPECT_EQ(tally.streams()[0].reordered, 0U);
  take(tally, packet(streams[0], 15), 1);
  take(tally, packet(streams[0], 11), 1);
  take(tally, packet(streams[0], 10), 1);
  EXPECT_EQ(tally.streams()[0].reordered, 1U);
}

TEST(Tally, UnsignedStreamsAreKnownByWhatDoesNotVary) {
  Stream syn = tcp_stream("S 0:0(0) win 65535 <mss 1460>");
  syn.fields = {{field(wire::Layer::tcp, "src-port"), counting(1024)},
                {field(wire::Layer::tcp, "seq"), {.kind = Variation::Kind::random}}};
  Stream rst = tcp_stream("R 0:0(0) win 0");
  rst.fields = syn.fields;
  const auto streams = compile_all({syn, rst, udp_stream()});
  Tally tally(streams, {});
  for (std::uint64_t k = 0; k < 10; ++k) take(tally, packet(streams[0], k), k);
  for (std::uint64_t k = 0; k < 20; ++k) take(tally, packet(streams[1], k), k);
  for (std::uint64_t k = 0; k < 30; ++k) take(tally, packet(streams[2], k), k);
  take(tally, wire::Buffer(60, 0x55), 1);
  EXPECT_EQ(tally.streams()[0].frames, 10U);
  EXPECT_EQ(tally.streams()[1].frames, 20U);
  EXPECT_EQ(tally.streams()[2].frames, 30U);
  EXPECT_EQ(tally.foreign(), 1U);
}

TEST(Histogram, QuantilesAreRightToASixteenth) {
  Histogram histogram;
  for (std::uint64_t i = 1; i <= 100000; ++i) histogram.add(i);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.5)), 50000, 50000 / 16.0);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.99)), 99000, 99000 / 16.0);
  EXPECT_EQ(histogram.quantile(1), 100000U);
  EXPECT_EQ(histogram.largest(), 100000U);
  for (std::size_t bucket = 0; bucket < Histogram::buckets; ++bucket) {
    EXPECT_EQ(Histogram::bucket_of(Histogram::end_of(bucket)), bucket);
  }
}

/// Takes everything into a tally.
class Counting : public FrameSink {
 public:
  explicit Counting(Tally& tally) : tally_(tally) {}
  void take(std::size_t, std::uint64_t, std::span<const wire::Bytes> frames) override {
    for (const wire::Bytes frame : frames) {
      tally_.take(frame, static_cast<std::uint32_t>(frame.size()), ++now_);
    }
  }

 private:
  Tally& tally_;
  std::uint64_t now_ = 0;
};

TEST(Engine, EveryPacketOfEveryThreadIsSentOnce) {
  Stream one = udp_stream();
  one.count = 1000;
  Stream two = udp_stream(300);
  two.count = 777;
  two.size = {.kind = Variation::Kind::increment, .from = 60, .count = 100};
  two.schedule = {.kind = Schedule::Kind::packets, .rate = 1e6};
  const auto streams = compile_all({one, two});
  const Turns turns{.threads = 3, .packets = 16};
  Tally tally(streams, turns);
  Progress progress(streams.size());
  Counting sink(tally);
  for (std::uint64_t thread = 0; thread < turns.threads; ++thread) {
    const auto ring = make_ring(streams, sink, false);
    Engine engine(streams, *ring, progress, {thread, turns}, Instant{}, false);
    ASSERT_TRUE(engine.run());
  }
  EXPECT_EQ(progress.sent(0), 1000U);
  EXPECT_EQ(progress.sent(1), 777U);
  EXPECT_EQ(tally.streams()[0].whole(), 1000U);
  EXPECT_EQ(tally.streams()[1].whole(), 777U);
  EXPECT_EQ(tally.streams()[0].reordered, 0U);
  EXPECT_EQ(tally.streams()[1].octets, progress.octets(1));
}

TEST(Engine, StreamsComeInTheOrderInWhichTheirPacketsAreDue) {
  Stream slow = udp_stream();
  slow.schedule = {.kind = Schedule::Kind::packets, .rate = 10};
  slow.count = 5;
  Stream fast = udp_stream();
  fast.schedule = {.kind = Schedule::Kind::packets, .rate = 100};
  fast.count.reset();
  fast.duration = 450ms;
  const auto streams = compile_all({slow, fast});
  Progress progress(2);
  class Order : public FrameSink {
   public:
    std::vector<std::size_t> streams;
    void take(std::size_t stream, std::uint64_t, std::span<const wire::Bytes> frames) override {
      streams.insert(streams.end(), frames.size(), stream);
    }
  } order;
  const auto ring = make_ring(streams, order, false);
  Engine engine(streams, *ring, progress, {}, Instant{}, false);
  ASSERT_TRUE(engine.run());
  EXPECT_EQ(progress.sent(1), 45U);
  ASSERT_EQ(order.streams.size(), 50U);
  // Ten fast ones between two slow ones.
  EXPECT_EQ(std::count(order.streams.begin(), order.streams.begin() + 22, 0U), 2);
}

}  // namespace
}  // namespace tcproof::generator
