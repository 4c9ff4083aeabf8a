// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/address_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/ip/ipv6.h"
#include "stack/ip/nd.h"
#include "tests/stack/ip/frames.h"

namespace tcproof::ip {
namespace {

using test::our_v6;
using testing::SizeIs;
using wire::FrameSpec;
using Check = Interface::Check;

class AddressCheckTest : public testing::Test {
 protected:
  AddressCheckTest() { under_test.start(now + 300ms, 1s); }
  FrameSpec solicitation(const char* src) {
    FrameSpec frame;
    frame.ip = {.family = wire::Family::v6,
                .ttl = std::uint8_t{255},
                .src = *wire::parse_ip(src),
                .dst = wire::solicited_node(our_v6)};
    frame.nd = {.type = std::uint8_t{135}, .target = our_v6};
    return frame;
  }
  bool solicited(const char* src) {
    const wire::Buffer packet = wire::emit(solicitation(src));
    const Arrival arrival = receive_v6(packet, interface, false);
    EXPECT_EQ(arrival.dropped, "");
    return under_test.solicitation(arrival.packet, *wire::NdView::parse(arrival.packet.payload));
  }
  bool advertised() {
    FrameSpec frame = solicitation("2001:db8::2");
    frame.ip->dst = *wire::parse_ip("ff02::1");
    frame.nd = {.type = std::uint8_t{136}, .target = our_v6};
    const wire::Buffer packet = wire::emit(frame);
    const Arrival arrival = receive_v6(packet, interface, false);
    return under_test.advertisement(*wire::NdView::parse(arrival.packet.payload));
  }

  Instant now{1h};
  Interface interface = test::interface_under_test();
  test::Collector out;
  AddressCheck under_test{interface, out};
};

TEST_F(AddressCheckTest, TheAddressIsTentativeUntilNobodyAnswered) {
  EXPECT_EQ(interface.v6_check, Check::under_way);
  EXPECT_FALSE(interface.has(wire::Family::v6));
  under_test.advance(now + 299ms);
  EXPECT_THAT(out.frames, SizeIs(0));
  under_test.advance(now + 300ms);
  ASSERT_THAT(out.frames, SizeIs(1));
  EXPECT_TRUE(out.frames[0].ip->src->is_unspecified());
  EXPECT_EQ(out.frames[0].ip->dst, wire::solicited_node(our_v6));
  EXPECT_EQ(out.frames[0].nd->target, our_v6);
  EXPECT_FALSE(out.frames[0].nd->source_lla);
  under_test.advance(now + 1299ms);
  EXPECT_EQ(interface.v6_check, Check::under_way);
  under_test.advance(now + 1300ms);
  EXPECT_EQ(interface.v6_check, Check::passed);
  EXPECT_FALSE(under_test.next_deadline());
  EXPECT_FALSE(solicited("::")) << "the neighbour cache answers from now on";
}

TEST_F(AddressCheckTest, AnotherWhoChecksItMakesADuplicate) {
  EXPECT_TRUE(solicited("::"));
  EXPECT_EQ(interface.v6_check, Check::duplicate);
  under_test.advance(now + 10s);
  EXPECT_EQ(interface.v6_check, Check::duplicate);
  EXPECT_THAT(out.frames, SizeIs(0));
}

TEST_F(AddressCheckTest, ANeighbourThatResolvesItIsNotAnswered) {
  EXPECT_TRUE(solicited("2001:db8::1"));
  EXPECT_EQ(interface.v6_check, Check::under_way);
  EXPECT_THAT(out.frames, SizeIs(0));
}

TEST_F(AddressCheckTest, AnAdvertisementMakesADuplicate) {
  under_test.advance(now + 300ms);
  EXPECT_TRUE(advertised());
  EXPECT_EQ(interface.v6_check, Check::duplicate);
}

// RFC 4862 5.4: packets to a tentative address are discarded.
TEST_F(AddressCheckTest, PacketsToATentativeAddressAreDropped) {
  FrameSpec frame = solicitation("2001:db8::1");
  frame.ip->dst = our_v6;
  const wire::Buffer packet = wire::emit(frame);
  EXPECT_NE(receive_v6(packet, interface, false).dropped, "");
}

}  // namespace
}  // namespace tcproof::ip
