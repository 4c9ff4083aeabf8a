// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "stack/link/random.h"
#include "stack/wire/ethernet.h"
#include "tests/stack/lab.h"

namespace tcproof::stack {
namespace {

using test::LabHost;
using wire::Buffer;
using wire::Family;
using wire::FrameSpec;

/// A frame that a host would take, of a kind that `random` chooses.
FrameSpec some_frame(link::Random& random) {
  const bool v4 = random.chance(0.5);
  FrameSpec frame;
  frame.eth = {.dst = random.chance(0.1) ? wire::mac_broadcast : test::mac_b, .src = test::mac_a};
  if (random.chance(0.1)) {
    frame.arp = {.op = static_cast<std::uint16_t>(random.below(3)),
                 .sha = test::mac_a,
                 .spa = test::v4_a,
                 .tpa = test::v4_b};
    return frame;
  }
  frame.ip = {.family = v4 ? Family::v4 : Family::v6,
              .src = v4 ? test::v4_a : test::v6_a,
              .dst = v4 ? test::v4_b : test::v6_b};
  frame.payload = Buffer(random.below(64) * 8, 1);
  switch (random.below(5)) {
    case 0:
      frame.udp = {.src_port = std::uint16_t{9},
                   .dst_port = static_cast<std::uint16_t>(random.below(2) + 53)};
      break;
    case 1:
      (v4 ? frame.icmp : frame.icmpv6) =
          wire::IcmpSpec{.type = static_cast<std::uint8_t>(random.below(256))};
      break;
    case 2:
      frame.ip->ttl = 255;
      frame.nd = {.type = static_cast<std::uint8_t>(133 + random.below(5)), .target = test::v6_b};
      break;
    default:
      frame.tcp = {.src_port = static_cast<std::uint16_t>(random.below(3) + 1),
                   .dst_port = static_cast<std::uint16_t>(random.below(2) + 5001),
                   .seq = wire::Seq{static_cast<std::uint32_t>(random.below(1000))},
                   .ack = wire::Seq{static_cast<std::uint32_t>(random.next())},
                   .flags = wire::TcpFlags(static_cast<std::uint16_t>(random.below(512))),
                   .window = static_cast<std::uint16_t>(random.next())};
      frame.tcp->options = Buffer(random.below(6) * 4, static_cast<std::uint8_t>(random.below(9)));
  }
  if (random.chance(0.2)) {
    frame.ip->mf = random.chance(0.5);
    frame.ip->offset = static_cast<std::uint16_t>(random.below(10) * 8);
    frame.ip->id = static_cast<std::uint32_t>(random.below(4));
  }
  return frame;
}

/// The frame, with some octets or its length spoiled.
Buffer spoiled(link::Random& random, Buffer octets) {
  for (std::uint64_t n = random.below(4); n > 0; --n)
    octets[random.below(octets.size())] = static_cast<std::uint8_t>(random.next());
  if (random.chance(0.1)) octets.resize(random.below(octets.size()) + 1);
  return octets;
}

// Whatever comes, a host neither crashes nor stops, and what it says itself is well-formed.
TEST(AnyOctets, AreSurvivedAndAnsweredWellFormed) {
  link::Random random(20240601);
  LabHost b(test::config_b());
  Instant now{};
  for (int i = 0; i < 200; ++i)
    b->open_passive(i % 2 == 0 ? Family::v4 : Family::v6, 5001, {}, now);
  b->bind_udp(Family::v4, 53);
  b->bind_udp(Family::v6, 53);
  for (int i = 0; i < 30000; ++i) {
    b->input(spoiled(random, wire::emit(some_frame(random))), now);
    now += Duration(static_cast<Duration::rep>(random.below(20'000'000)));
    for (int turns = 0; b->next_deadline() && *b->next_deadline() <= now; ++turns) {
      ASSERT_LT(turns, 1000) << "a deadline that does not move";
      b->advance(now);
    }
    for (const Buffer& octets : b.frames) {
      FrameSpec frame = wire::dissect(octets);
      if (frame.is_fragment()) continue;
      if (frame.ip) frame.ip->checksum.reset();
      if (frame.tcp) frame.tcp->checksum.reset();
      if (frame.icmp) frame.icmp->checksum.reset();
      if (frame.icmpv6) frame.icmpv6->checksum.reset();
      if (frame.nd) frame.nd->checksum.reset();
      ASSERT_EQ(wire::emit(frame), octets) << "a wrong checksum";
    }
    b.frames.clear();
  }
  EXPECT_GT(b.notes.size(), 1000U);
}

TEST(AnyOctets, PureNoiseIsDropped) {
  link::Random random(7);
  LabHost b(test::config_b());
  for (int i = 0; i < 20000; ++i) {
    Buffer noise(random.below(100));
    for (std::uint8_t& octet : noise) octet = static_cast<std::uint8_t>(random.next());
    if (noise.size() > 14 && random.chance(0.8)) {
      wire::put_mac(noise, 0, test::mac_b);
      constexpr std::uint16_t types[] = {0x0800, 0x0806, 0x86dd};
      wire::put16(noise, 12, types[random.below(3)]);
    }
    b->input(noise, Instant{});
  }
  EXPECT_TRUE(b.frames.empty());
}

}  // namespace
}  // namespace tcproof::stack
