// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/ipv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stack/ip/frames.h"

namespace tcproof::ip {
namespace {

using test::our_v4;
using test::peer_v4;
using testing::HasSubstr;
using wire::Buffer;
using wire::FrameSpec;
using wire::IpAddress;

class Ipv4Test : public testing::Test {
 protected:
  FrameSpec packet() {
    FrameSpec frame;
    frame.ip = {.protocol = std::uint8_t{253}, .src = peer_v4, .dst = our_v4};
    frame.payload = {1, 2, 3, 4};
    return frame;
  }
  Arrival receive(const FrameSpec& frame, bool link_group = false) {
    octets = wire::emit(frame);
    return receive_v4(octets, interface, link_group);
  }

  Interface interface = test::interface_under_test();
  Buffer octets;
};

TEST_F(Ipv4Test, TakesAPacketForUs) {
  const Arrival arrival = receive(packet());
  EXPECT_EQ(arrival.dropped, "");
  EXPECT_EQ(arrival.packet.src, peer_v4);
  EXPECT_EQ(arrival.packet.protocol, 253);
  EXPECT_THAT(arrival.packet.payload, testing::ElementsAre(1, 2, 3, 4));
  EXPECT_FALSE(arrival.packet.group);
  EXPECT_FALSE(arrival.fragment);
}

TEST_F(Ipv4Test, PaddingOfTheLinkIsNotPayload) {
  FrameSpec frame = packet();
  frame.trailer = Buffer(20);
  EXPECT_EQ(receive(frame).packet.payload.size(), 4U);
}

struct Breach {
  const char* rule;
  void (*commit)(FrameSpec&);
};

// RFC 1122 3.2.1 and RFC 791 3.1, one breach each.
TEST_F(Ipv4Test, DropsWhatBreaksTheRules) {
  const Breach breaches[] = {
      {"version", [](FrameSpec& f) { f.ip->version = 5; }},
      {"header length", [](FrameSpec& f) { f.ip->ihl = 4; }},
      {"length does not fit", [](FrameSpec& f) { f.ip->ihl = 15; }},
      {"length does not fit", [](FrameSpec& f) { f.ip->length = 25; }},
      {"length does not fit", [](FrameSpec& f) { f.ip->length = 19; }},
      {"bad header checksum", [](FrameSpec& f) { f.ip->checksum = wire::BadChecksum{}; }},
      {"not for us", [](FrameSpec& f) { f.ip->dst = IpAddress::v4(192, 0, 2, 77); }},
      {"not joined", [](FrameSpec& f) { f.ip->dst = IpAddress::v4(224, 0, 0, 251); }},
      {"from a multicast", [](FrameSpec& f) { f.ip->src = IpAddress::v4(224, 0, 0, 1); }},
      {"from a broadcast", [](FrameSpec& f) { f.ip->src = wire::ipv4_broadcast; }},
      {"from a broadcast", [](FrameSpec& f) { f.ip->src = IpAddress::v4(192, 0, 2, 255); }},
      {"from a broadcast", [](FrameSpec& f) { f.ip->src = IpAddress::v4(0, 0, 0, 0); }},
      {"from a loopback", [](FrameSpec& f) { f.ip->src = IpAddress::v4(127, 0, 0, 1); }},
      {"class E", [](FrameSpec& f) { f.ip->src = IpAddress::v4(240, 0, 0, 1); }},
      {"from our own", [](FrameSpec& f) { f.ip->src = our_v4; }},
      {"multiple of 8", [](FrameSpec& f) { f.ip->mf = true; }},
      {"source route", [](FrameSpec& f) { f.ip->options = {131, 7, 4, 192, 0, 2, 9}; }},
      {"wrong length", [](FrameSpec& f) { f.ip->options = {7, 1, 0, 0}; }},
      {"wrong length", [](FrameSpec& f) { f.ip->options = {7, 5, 0, 0}; }},
  };
  for (const Breach& breach : breaches) {
    FrameSpec frame = packet();
    breach.commit(frame);
    EXPECT_THAT(std::string(receive(frame).dropped), HasSubstr(breach.rule));
  }
}

TEST_F(Ipv4Test, ASmallTtlIsNoReasonToDropWhatIsForUs) {  // RFC 1122 3.2.1.7
  FrameSpec frame = packet();
  frame.ip->ttl = 0;
  EXPECT_EQ(receive(frame).dropped, "");
}

TEST_F(Ipv4Test, UnknownOptionsAndAFinishedSourceRouteArePassedOver) {
  FrameSpec frame = packet();
  frame.ip->options = {1, 222, 3, 9, 131, 7, 8, 192, 0, 2, 2, 0};
  EXPECT_EQ(receive(frame).dropped, "");
}

TEST_F(Ipv4Test, AnOptionThatDoesNotAddUpIsPointedAt) {  // RFC 1122 3.2.2.5
  FrameSpec frame = packet();
  frame.ip->options = {1, 1, 7, 9};
  const Arrival arrival = receive(frame);
  ASSERT_TRUE(arrival.answer);
  EXPECT_EQ(arrival.answer->type, 12);
  EXPECT_EQ(arrival.answer->word >> 24, 23U);
}

TEST_F(Ipv4Test, BroadcastAndAllSystemsAreForAGroup) {
  for (const IpAddress& group : {wire::ipv4_broadcast, IpAddress::v4(192, 0, 2, 255),
                                 IpAddress::v4(192, 0, 2, 0), IpAddress::v4(224, 0, 0, 1)}) {
    FrameSpec frame = packet();
    frame.ip->dst = group;
    const Arrival arrival = receive(frame, true);
    EXPECT_EQ(arrival.dropped, "");
    EXPECT_TRUE(arrival.packet.group);
  }
}

TEST_F(Ipv4Test, ALinkBroadcastForOneHostIsDropped) {  // RFC 1122 3.3.6
  EXPECT_THAT(std::string(receive(packet(), true).dropped), HasSubstr("link-layer broadcast"));
}

TEST_F(Ipv4Test, AFragmentKeepsItsPlaceAndItsHeader) {
  FrameSpec frame = packet();
  frame.payload = Buffer(16, 7);
  frame.ip->mf = true;
  frame.ip->offset = 24;
  frame.ip->id = 99;
  const Arrival arrival = receive(frame);
  ASSERT_TRUE(arrival.fragment);
  EXPECT_EQ(arrival.fragment->offset, 24U);
  EXPECT_TRUE(arrival.fragment->more);
  EXPECT_EQ(arrival.fragment->key.id, 99U);
  EXPECT_EQ(arrival.fragment->head.size(), 20U);
  EXPECT_EQ(arrival.fragment->data.size(), 16U);
}

TEST_F(Ipv4Test, ASealedPacketIsAWholeOne) {
  FrameSpec frame = packet();
  frame.payload = Buffer(16, 7);
  frame.ip->mf = true;
  Buffer whole = wire::emit(frame);
  whole.resize(40);
  ASSERT_TRUE(seal_v4(whole));
  const Arrival arrival = receive_v4(whole, interface, false);
  EXPECT_EQ(arrival.dropped, "");
  EXPECT_FALSE(arrival.fragment);
  EXPECT_EQ(arrival.packet.payload.size(), 20U);
  whole.resize(65536);
  EXPECT_FALSE(seal_v4(whole));
}

}  // namespace
}  // namespace tcproof::ip
