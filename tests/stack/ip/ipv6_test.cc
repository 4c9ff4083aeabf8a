// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/ipv6.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stack/ip/frames.h"

namespace tcproof::ip {
namespace {

using test::our_v6;
using test::peer_v6;
using testing::HasSubstr;
using wire::Buffer;
using wire::Extension;
using wire::FrameSpec;
using wire::IpAddress;

constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment_header = 44, destination = 60;

IpAddress ip(std::string_view text) {
  return *wire::parse_ip(text);
}

class Ipv6Test : public testing::Test {
 protected:
  FrameSpec packet(std::vector<Extension> extensions = {}) {
    FrameSpec frame;
    frame.ip = {.family = wire::Family::v6,
                .protocol = std::uint8_t{253},
                .src = peer_v6,
                .dst = our_v6,
                .extensions = std::move(extensions)};
    frame.payload = {1, 2, 3, 4};
    return frame;
  }
  Arrival receive(const FrameSpec& frame) {
    octets = wire::emit(frame);
    return receive_v6(octets, interface, false);
  }

  Interface interface = test::interface_under_test();
  Buffer octets;
};

TEST_F(Ipv6Test, TakesAPacketForUs) {
  const Arrival arrival = receive(packet());
  EXPECT_EQ(arrival.dropped, "");
  EXPECT_EQ(arrival.packet.protocol, 253);
  EXPECT_EQ(arrival.packet.next_header_at, 6U);
  EXPECT_THAT(arrival.packet.payload, testing::ElementsAre(1, 2, 3, 4));
}

TEST_F(Ipv6Test, TakesItsGroupsAndNoOthers) {
  const auto with = [&](const IpAddress& dst) {
    FrameSpec frame = packet();
    frame.ip->dst = dst;
    return receive(frame);
  };
  EXPECT_TRUE(with(ip("ff02::1")).packet.group);
  EXPECT_EQ(with(wire::solicited_node(our_v6)).dropped, "");
  EXPECT_THAT(std::string(with(ip("ff02::2")).dropped), HasSubstr("not for us"));
  EXPECT_THAT(std::string(with(ip("2001:db8::77")).dropped), HasSubstr("not for us"));
}

TEST_F(Ipv6Test, DropsSourcesThatCannotBe) {
  for (const char* source : {"ff02::1", "::1"}) {
    FrameSpec frame = packet();
    frame.ip->src = ip(source);
    EXPECT_THAT(std::string(receive(frame).dropped), HasSubstr("from"));
  }
}

TEST_F(Ipv6Test, DropsWhatDoesNotFit) {
  FrameSpec frame = packet();
  frame.ip->length = 45;
  EXPECT_THAT(std::string(receive(frame).dropped), HasSubstr("length"));
  frame = packet();
  frame.ip->version = 4;
  EXPECT_THAT(std::string(receive(frame).dropped), HasSubstr("version"));
}

TEST_F(Ipv6Test, PassesOverHeadersThatAreUsedUp) {
  const Arrival arrival = receive(packet({{hop_by_hop, {1, 4, 0, 0, 0, 0}},
                                          {routing, {4, 0, 0, 0, 0, 0}},
                                          {destination, {0, 0, 0, 0, 0, 0}}}));
  EXPECT_EQ(arrival.dropped, "");
  EXPECT_EQ(arrival.packet.protocol, 253);
  EXPECT_EQ(arrival.packet.next_header_at, 40U + 16U);
  EXPECT_THAT(arrival.packet.payload, testing::ElementsAre(1, 2, 3, 4));
}

// RFC 8200 4.2: what the two highest bits of an unknown option's type ask for.
TEST_F(Ipv6Test, UnknownOptionsDoWhatTheirTypeSays) {
  const auto option = [&](std::uint8_t type, const IpAddress& dst) {
    FrameSpec frame = packet({{destination, {1, 0, type, 2, 0, 0}}});
    frame.ip->dst = dst;
    return receive(frame);
  };
  const IpAddress group = ip("ff02::1");
  EXPECT_EQ(option(0x1e, our_v6).dropped, "");
  EXPECT_NE(option(0x5e, our_v6).dropped, "");
  EXPECT_FALSE(option(0x5e, our_v6).answer);
  EXPECT_TRUE(option(0x9e, group).answer);
  EXPECT_TRUE(option(0xde, our_v6).answer);
  EXPECT_FALSE(option(0xde, group).answer);
  const Arrival refused = option(0x9e, our_v6);
  EXPECT_EQ(refused.answer->type, 4);
  EXPECT_EQ(refused.answer->code, 2);
  EXPECT_EQ(refused.answer->word, 44U);
}

TEST_F(Ipv6Test, ARoutingHeaderWithSegmentsLeftIsPointedAt) {  // RFC 8200 4.4, RFC 5095
  const Arrival arrival = receive(packet({{routing, {0, 1, 0, 0, 0, 0}}}));
  ASSERT_TRUE(arrival.answer);
  EXPECT_EQ(arrival.answer->code, 0);
  EXPECT_EQ(arrival.answer->word, 42U);
}

TEST_F(Ipv6Test, HopByHopOptionsElsewhereAreAnUnknownHeader) {
  const Arrival arrival =
      receive(packet({{destination, {1, 4, 0, 0, 0, 0}}, {hop_by_hop, {1, 4, 0, 0, 0, 0}}}));
  ASSERT_TRUE(arrival.answer);
  EXPECT_EQ(arrival.answer->code, 1);
  EXPECT_EQ(arrival.answer->word, 40U);
}

TEST_F(Ipv6Test, NoNextHeaderIsTheEnd) {
  FrameSpec frame = packet();
  frame.ip->protocol = 59;
  const Arrival arrival = receive(frame);
  EXPECT_THAT(std::string(arrival.dropped), HasSubstr("no next header"));
  EXPECT_FALSE(arrival.answer);
}

FrameSpec fragment(FrameSpec frame, std::uint16_t offset, bool more, std::size_t size) {
  frame.ip->offset = offset;
  frame.ip->mf = more;
  frame.ip->id = 77;
  frame.payload = Buffer(size, 5);
  return frame;
}

TEST_F(Ipv6Test, AFragmentKeepsItsPlace) {
  const Arrival arrival = receive(fragment(packet(), 16, true, 24));
  ASSERT_TRUE(arrival.fragment);
  EXPECT_EQ(arrival.fragment->offset, 16U);
  EXPECT_EQ(arrival.fragment->key.id, 77U);
  EXPECT_EQ(arrival.fragment->data.size(), 24U);
}

TEST_F(Ipv6Test, AnAtomicFragmentIsAWholePacket) {  // RFC 6946 4
  const Arrival arrival = receive(packet({{fragment_header, {0, 0, 0, 0, 0, 0, 9}}}));
  EXPECT_EQ(arrival.dropped, "");
  EXPECT_FALSE(arrival.fragment);
  EXPECT_TRUE(arrival.packet.fragmented);
  EXPECT_EQ(arrival.packet.protocol, 253);
}

TEST_F(Ipv6Test, FragmentsOfWrongLengthArePointedAt) {  // RFC 8200 4.5
  Arrival arrival = receive(fragment(packet(), 0, true, 12));
  ASSERT_TRUE(arrival.answer);
  EXPECT_EQ(arrival.answer->code, 0);
  EXPECT_EQ(arrival.answer->word, 4U);
  arrival = receive(fragment(packet(), 65528, false, 16));
  ASSERT_TRUE(arrival.answer);
  EXPECT_EQ(arrival.answer->word, 42U);
}

TEST_F(Ipv6Test, AFirstFragmentMustHoldAllHeaders) {  // RFC 7112 5
  FrameSpec frame = fragment(packet(), 0, true, 16);
  frame.ip->protocol = 6;
  const Arrival arrival = receive(frame);
  ASSERT_TRUE(arrival.answer);
  EXPECT_EQ(arrival.answer->code, 3);
}

TEST_F(Ipv6Test, ASealedPacketIsAWholeOne) {
  const FrameSpec first = fragment(packet({{destination, {1, 4, 0, 0, 0, 0}}}), 0, true, 8);
  Buffer whole = wire::emit(first);
  whole.resize(whole.size() + 4, 9);
  ASSERT_TRUE(seal_v6(whole));
  const Arrival arrival = receive_v6(whole, interface, false);
  EXPECT_EQ(arrival.dropped, "");
  EXPECT_EQ(arrival.packet.protocol, 253);
  EXPECT_EQ(arrival.packet.payload.size(), 12U);
  EXPECT_EQ(arrival.packet.next_header_at, 40U);
}

}  // namespace
}  // namespace tcproof::ip
