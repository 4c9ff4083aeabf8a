// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/arp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stack/ip/frames.h"

namespace tcproof::ip {
namespace {

using test::our_mac;
using test::our_v4;
using test::peer_mac;
using test::peer_v4;
using testing::IsEmpty;
using testing::SizeIs;
using wire::ArpSpec;
using wire::FrameSpec;
using wire::IpAddress;
using wire::MacAddress;

constexpr MacAddress other_mac{{2, 0, 0, 0, 0, 9}};

class ArpTest : public testing::Test {
 protected:
  void input(const ArpSpec& arp) { under_test.input(wire::emit(FrameSpec{.arp = arp}), now); }
  ArpSpec request() {
    return {.op = std::uint16_t{1}, .sha = peer_mac, .spa = peer_v4, .tpa = our_v4};
  }
  ArpSpec reply() {
    return {.op = std::uint16_t{2}, .sha = peer_mac, .tha = our_mac, .spa = peer_v4, .tpa = our_v4};
  }
  /// A frame whose IP header is `number` repeated.
  void send(std::uint8_t number) {
    wire::Buffer frame(60, number);
    under_test.send(frame, peer_v4, now);
  }
  void run(Duration duration) {
    now += duration;
    while (under_test.next_deadline() && *under_test.next_deadline() <= now)
      under_test.advance(*under_test.next_deadline());
  }

  Instant now{1h};
  Interface interface = test::interface_under_test();
  test::Collector out;
  Arp under_test{interface, out};
};

TEST_F(ArpTest, AnswersARequestForOurAddress) {
  input(request());
  ASSERT_THAT(out.frames, SizeIs(1));
  const FrameSpec& reply = out.frames[0];
  EXPECT_EQ(reply.eth->dst, peer_mac);
  EXPECT_EQ(reply.arp->op, 2);
  EXPECT_EQ(reply.arp->sha, our_mac);
  EXPECT_EQ(reply.arp->spa, our_v4);
  EXPECT_EQ(reply.arp->tha, peer_mac);
  EXPECT_EQ(reply.arp->tpa, peer_v4);
  EXPECT_EQ(under_test.lookup(peer_v4, now), peer_mac);
}

TEST_F(ArpTest, IgnoresRequestsForOthersAndLearnsNothingNewFromThem) {
  ArpSpec arp = request();
  arp.tpa = IpAddress::v4(192, 0, 2, 77);
  input(arp);
  EXPECT_THAT(out.frames, IsEmpty());
  EXPECT_FALSE(under_test.lookup(peer_v4, now));
}

// RFC 826: the merge comes first, whatever the target and the opcode.
TEST_F(ArpTest, WhatIsKnownIsUpdatedByAnyPacketOfTheSender) {
  input(request());
  ArpSpec gratuitous = request();
  gratuitous.sha = other_mac;
  gratuitous.tpa = peer_v4;
  input(gratuitous);
  EXPECT_EQ(under_test.lookup(peer_v4, now), other_mac);
}

TEST_F(ArpTest, AProbeIsAnsweredAndTeachesNothing) {
  ArpSpec probe = request();
  probe.spa = IpAddress::v4(0, 0, 0, 0);
  input(probe);
  ASSERT_THAT(out.frames, SizeIs(1));
  EXPECT_EQ(out.frames[0].arp->tpa, probe.spa);
  EXPECT_FALSE(under_test.lookup(*probe.spa, now));
}

TEST_F(ArpTest, DropsWhatDoesNotMapIpv4ToEthernet) {
  ArpSpec wrong[7];
  for (ArpSpec& arp : wrong) arp = request();
  wrong[0].htype = 6;
  wrong[1].ptype = 0x86dd;
  wrong[2].hlen = 8;
  wrong[3].plen = 16;
  wrong[4].sha = wire::mac_broadcast;
  wrong[5].spa = IpAddress::v4(192, 0, 2, 255);
  wrong[6].spa = our_v4;
  for (const ArpSpec& arp : wrong) input(arp);
  under_test.input(wire::Buffer(27), now);
  EXPECT_THAT(out.frames, IsEmpty());
  EXPECT_THAT(out.notes, SizeIs(8));
}

TEST_F(ArpTest, HoldsPacketsBackUntilTheReplyComes) {
  send(1);
  send(2);
  ASSERT_THAT(out.frames, SizeIs(1));
  EXPECT_EQ(out.frames[0].eth->dst, wire::mac_broadcast);
  EXPECT_EQ(out.frames[0].arp->tpa, peer_v4);
  EXPECT_EQ(out.frames[0].arp->tha, MacAddress{});
  input(reply());
  ASSERT_THAT(out.frames, SizeIs(3));
  EXPECT_EQ(out.frames[1].eth->dst, peer_mac);
  EXPECT_EQ(out.frames[1].payload.at(20), 1);
  EXPECT_EQ(out.frames[2].payload.at(20), 2);
  send(3);
  EXPECT_THAT(out.frames, SizeIs(4));
  EXPECT_FALSE(under_test.next_deadline());
}

// RFC 1122 2.3.2.2: the latest packets are kept, not the oldest.
TEST_F(ArpTest, TheQueueIsBoundedAndKeepsTheLatest) {
  for (std::uint8_t i = 0; i < 200; ++i) send(i);
  input(reply());
  EXPECT_THAT(out.frames, SizeIs(1 + PendingFrames::max_frames));
  EXPECT_EQ(out.frames.back().payload.at(20), 199);
}

// RFC 1122 2.3.2.1: no more than one request a second; three in vain are a failure.
TEST_F(ArpTest, AsksOnceASecondThriceAndGivesUp) {
  send(1);
  run(999ms);
  EXPECT_THAT(out.frames, SizeIs(1));
  run(1ms);
  EXPECT_THAT(out.frames, SizeIs(2));
  run(1s);
  EXPECT_THAT(out.frames, SizeIs(3));
  EXPECT_THAT(out.gave_up, IsEmpty());
  run(1s);
  EXPECT_THAT(out.frames, SizeIs(3));
  ASSERT_THAT(out.gave_up, SizeIs(1));
  EXPECT_EQ(out.gave_up[0].size(), 46U);
  EXPECT_FALSE(under_test.next_deadline());
  send(2);
  EXPECT_THAT(out.frames, SizeIs(4)) << "a second has passed since the last request";
}

// A flood of packets to a host that is down makes no flood of requests.
TEST_F(ArpTest, ManyPacketsMakeOneRequest) {
  send(1);
  for (int i = 0; i < 50; ++i) {
    run(10ms);
    send(2);
  }
  EXPECT_THAT(out.frames, SizeIs(1));
}

TEST_F(ArpTest, WhatIsOldIsAskedForAgain) {
  input(request());
  out.frames.clear();
  now += Arp::lifetime - 1ns;
  send(1);
  EXPECT_EQ(out.frames.back().eth->dst, peer_mac);
  now += 1ns;
  send(2);
  EXPECT_TRUE(out.frames.back().arp.has_value());
}

TEST_F(ArpTest, FlushForgetsEverything) {
  input(request());
  under_test.flush();
  EXPECT_FALSE(under_test.lookup(peer_v4, now));
}

TEST_F(ArpTest, TheTableIsBounded) {
  for (std::uint32_t i = 0; i < 1500; ++i) {
    ArpSpec arp = request();
    arp.spa = IpAddress::v4(10, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i));
    now += 1ms;
    input(arp);
  }
  EXPECT_FALSE(under_test.lookup(IpAddress::v4(10, 0, 0, 0), now));
  EXPECT_TRUE(under_test.lookup(IpAddress::v4(10, 0, 1499 >> 8, 1499 & 0xff), now));
}

}  // namespace
}  // namespace tcproof::ip
