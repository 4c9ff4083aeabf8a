// SPDX-License-Identifier: Apache-2.0
// What emit() writes for fields that are unset, or set wrong. That whole frames are right is shown
// by golden_test.cc and tshark_test.cc.
#include <gtest/gtest.h>

#include "stack/wire/checksum.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/frame.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/numbers.h"
#include "stack/wire/udp.h"

namespace tcproof::wire {
namespace {

const IpAddress v4_a = IpAddress::v4(192, 0, 2, 1);
const IpAddress v4_b = IpAddress::v4(192, 0, 2, 2);
const IpAddress v6_a = *parse_ip("2001:db8::1");
const IpAddress v6_b = *parse_ip("2001:db8::2");

FrameSpec packet(Family family) {
  FrameSpec frame;
  frame.ip = family == Family::v4 ? IpSpec{.src = v4_a, .dst = v4_b}
                                  : IpSpec{.family = Family::v6, .src = v6_a, .dst = v6_b};
  return frame;
}

std::uint16_t ethernet_type(FrameSpec frame) {
  frame.eth = EthernetSpec{};
  return be16(emit(frame), 12);
}

TEST(Emit, EtherTypeFollowsTheContent) {
  EXPECT_EQ(ethernet_type(packet(Family::v4)), ether_type::ipv4);
  EXPECT_EQ(ethernet_type(packet(Family::v6)), ether_type::ipv6);
  FrameSpec frame;
  frame.arp = ArpSpec{};
  EXPECT_EQ(ethernet_type(frame), ether_type::arp);
  frame = {};
  frame.payload = emit(packet(Family::v6));
  EXPECT_EQ(ethernet_type(frame), ether_type::ipv6);
  frame.eth = EthernetSpec{.type = std::uint16_t{0x1234}};
  EXPECT_EQ(be16(emit(frame), 12), 0x1234);
}

TEST(Emit, Ipv4Defaults) {
  FrameSpec frame = packet(Family::v4);
  frame.payload = Buffer(3);
  const Buffer octets = emit(frame);
  const auto view = Ipv4View::parse(octets);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->header_checksum_ok());
  const Ipv4Header expected{.total_length = 23,
                            .ttl = 64,
                            .protocol = ip_protocol::experiment,
                            .checksum = view->checksum(),
                            .src = v4_a,
                            .dst = v4_b};
  EXPECT_EQ(view->header(), expected);
}

TEST(Emit, WritesWhatIsSetHoweverWrong) {
  FrameSpec frame = packet(Family::v4);
  frame.ip->version = 9;
  frame.ip->ihl = 3;
  frame.ip->length = 7;
  frame.ip->checksum = std::uint16_t{0xbeef};
  frame.ip->offset = 0xffff;
  frame.ip->reserved = true;
  frame.udp = UdpSpec{.length = 3, .checksum = std::uint16_t{0}};
  const Buffer octets = emit(frame);
  const Ipv4Header header = read_ipv4_header(octets);
  EXPECT_EQ(header.version, 9);
  EXPECT_EQ(header.ihl, 3);
  EXPECT_EQ(header.total_length, 7);
  EXPECT_EQ(header.checksum, 0xbeef);
  EXPECT_EQ(header.offset, 0xfff8);  // the field counts eights
  EXPECT_TRUE(header.reserved);
  EXPECT_EQ(be16(octets, 24), 3);
  EXPECT_EQ(be16(octets, 26), 0);
}

TEST(Emit, PartsOfTosWinOverIt) {
  for (const Family family : {Family::v4, Family::v6}) {
    FrameSpec frame = packet(family);
    frame.ip->tos = 0xff;
    frame.ip->ecn = 1;
    EXPECT_EQ(dissect([&] {
                frame.eth = EthernetSpec{};
                return emit(frame);
              }())
                  .ip->tos,
              0xfd);
    frame.ip->dscp = 2;
    EXPECT_EQ(*dissect(emit(frame)).ip->tos, 2 << 2 | 1);
  }
}

// A receiver sums as many words as the IHL says: the right checksum is the one it finds right.
TEST(Emit, ChecksumCoversWhatTheIhlSays) {
  FrameSpec frame = packet(Family::v4);
  frame.payload = Buffer{1, 2, 3, 4};
  frame.ip->ihl = 6;
  const Buffer octets = emit(frame);
  EXPECT_EQ(internet_checksum(octets), 0);
}

TEST(Emit, PadsOptions) {
  FrameSpec frame = packet(Family::v4);
  frame.ip->options = {0x94, 4, 0, 0, 1};
  frame.tcp = TcpSpec{.options = {1}};
  const Buffer octets = emit(frame);
  ASSERT_EQ(octets.size(), 52u);
  EXPECT_EQ(octets[0], 0x47);
  EXPECT_EQ(octets[28 + 12], 0x60);
  EXPECT_TRUE(Ipv4View::parse(octets)->header_checksum_ok());
}

std::uint16_t sum_of(const FrameSpec& frame, std::size_t at) {
  const Buffer octets = emit(frame);
  return be16(octets, (frame.ip->family == Family::v4 ? 20 : 40) + at);
}

TEST(Emit, BadChecksumIsTheRightOneWithItsLowestBitFlipped) {
  for (const Family family : {Family::v4, Family::v6}) {
    FrameSpec frame = packet(family);
    frame.payload = {1, 2, 3};
    FrameSpec tcp = frame, udp = frame, icmp = frame;
    tcp.tcp = TcpSpec{};
    udp.udp = UdpSpec{};
    (family == Family::v4 ? icmp.icmp : icmp.icmpv6) = IcmpSpec{};
    const std::uint16_t right[] = {sum_of(tcp, 16), sum_of(udp, 6), sum_of(icmp, 2)};
    tcp.tcp->checksum = BadChecksum{};
    udp.udp->checksum = BadChecksum{};
    (family == Family::v4 ? icmp.icmp : icmp.icmpv6)->checksum = BadChecksum{};
    EXPECT_EQ(sum_of(tcp, 16), right[0] ^ 1);
    EXPECT_EQ(sum_of(udp, 6), right[1] ^ 1);
    EXPECT_EQ(sum_of(icmp, 2), right[2] ^ 1);
  }
  FrameSpec frame = packet(Family::v4);
  frame.ip->checksum = BadChecksum{};
  EXPECT_FALSE(Ipv4View::parse(emit(frame))->header_checksum_ok());
}

/// The payload word that makes the right UDP checksum `wanted`.
FrameSpec udp_with_sum(std::uint16_t wanted) {
  FrameSpec frame = packet(Family::v4);
  frame.udp = UdpSpec{.src_port = 1, .dst_port = 2};
  frame.payload = Buffer(2);
  // Putting the sum into the data makes a total of all ones; taking `wanted` out leaves it over.
  const std::uint16_t sum = sum_of(frame, 6);
  put16(frame.payload, 0, Checksum().add16(static_cast<std::uint16_t>(~sum)).add16(wanted).value());
  return frame;
}

// RFC 768: a sum of zero goes out as all ones, since zero means that there is none.
TEST(Emit, UdpSumOfZeroIsSentAsAllOnes) {
  EXPECT_EQ(sum_of(udp_with_sum(0x1234), 6), 0x1234);
  EXPECT_EQ(sum_of(udp_with_sum(0), 6), 0xffff);
  FrameSpec frame = udp_with_sum(1);
  EXPECT_EQ(sum_of(frame, 6), 1);
  frame.udp->checksum = BadChecksum{};
  EXPECT_EQ(sum_of(frame, 6), 3);  // 0 would not be a bad checksum but none
}

TEST(Emit, NeighbourDiscoveryGoesOutWithHopLimit255) {
  FrameSpec frame = packet(Family::v6);
  frame.nd = NdSpec{};
  EXPECT_EQ(Ipv6View::parse(emit(frame))->hop_limit(), 255);
  frame.nd.reset();
  EXPECT_EQ(Ipv6View::parse(emit(frame))->hop_limit(), 64);
}

TEST(Emit, ExtensionHeadersAreChainedAndPadded) {
  FrameSpec frame = packet(Family::v6);
  frame.ip->extensions = std::vector<Extension>{{ip_protocol::hop_by_hop, {5, 2, 0, 0}},
                                                {ip_protocol::destination, Buffer(7, 1)}};
  frame.udp = UdpSpec{};
  const Buffer octets = emit(frame);
  const auto view = *Ipv6View::parse(octets);
  ExtensionWalker walk(view.next_header(), view.payload());
  const auto first = walk.next();
  const auto second = walk.next();
  ASSERT_TRUE(first && second && !walk.next());
  EXPECT_EQ(first->type, ip_protocol::hop_by_hop);
  EXPECT_EQ(Buffer(first->body.begin(), first->body.end()), (Buffer{5, 2, 0, 0, 0, 0}));
  EXPECT_EQ(second->raw.size(), 16u);
  EXPECT_EQ(walk.protocol(), ip_protocol::udp);
  EXPECT_EQ(transport_checksum(v6_a, v6_b, ip_protocol::udp, walk.rest()), 0);
}

TEST(Emit, FragmentHeaderStandsBehindWhatEveryHopReads) {
  FrameSpec frame = packet(Family::v6);
  frame.ip->extensions = std::vector<Extension>{{ip_protocol::hop_by_hop, Buffer(6)},
                                                {ip_protocol::destination, Buffer(6)}};
  frame.ip->mf = false;
  frame.ip->id = 0x01020304;
  frame.udp = UdpSpec{};
  const Buffer octets = emit(frame);
  const auto view = *Ipv6View::parse(octets);
  ExtensionWalker walk(view.next_header(), view.payload());
  EXPECT_EQ(walk.next()->type, ip_protocol::hop_by_hop);
  const auto fragment = walk.next();
  EXPECT_EQ(FragmentView::parse(fragment->raw)->id(), 0x01020304u);
  EXPECT_EQ(fragment->next, ip_protocol::destination);
  EXPECT_FALSE(frame.is_fragment());
  frame.ip->offset = 8;
  EXPECT_TRUE(frame.is_fragment());
}

Buffer ip_payload(const FrameSpec& frame) {
  Buffer octets = emit(frame);
  octets.erase(octets.begin(), octets.begin() + (frame.ip->family == Family::v4 ? 20 : 40));
  return octets;
}

TEST(EmitFragments, PiecesHoldTheOctetsOfTheWhole) {
  for (const Family family : {Family::v4, Family::v6}) {
    FrameSpec frame = packet(family);
    frame.eth = EthernetSpec{};
    frame.udp = UdpSpec{.src_port = 1, .dst_port = 2};
    for (std::uint8_t i = 0; i < 40; ++i) frame.payload.push_back(i);
    FrameSpec without_eth = frame;
    without_eth.eth.reset();
    const Buffer whole = ip_payload(without_eth);
    const std::vector<FragmentPiece> pieces{{24, 24, false, {}}, {24, 0, true, {}}};
    const auto frames = emit_fragments(frame, pieces, 77);
    ASSERT_EQ(frames.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
      const FrameSpec piece = dissect(frames[i]);
      EXPECT_EQ(piece.ip->id, 77u);
      EXPECT_EQ(piece.ip->mf, pieces[i].more);
      EXPECT_EQ(piece.ip->offset, pieces[i].offset);
      EXPECT_EQ(piece.ip->protocol, ip_protocol::udp);
      EXPECT_EQ(piece.payload, Buffer(whole.begin() + pieces[i].offset,
                                      whole.begin() + pieces[i].offset + pieces[i].size));
      EXPECT_EQ(piece.eth->type, family == Family::v4 ? ether_type::ipv4 : ether_type::ipv6);
    }
  }
}

TEST(EmitFragments, DataReplacesAndOctetsBeyondTheEndAreZero) {
  FrameSpec frame = packet(Family::v4);
  frame.eth = EthernetSpec{};
  frame.ip->id = 5;
  frame.payload = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::vector<FragmentPiece> pieces{
      {4, 8, true, {}}, {8, 0, true, Buffer{9, 9}}, {8, 800, false, {}}};
  const auto frames = emit_fragments(frame, pieces, 77);
  EXPECT_EQ(dissect(frames[0]).payload, (Buffer{9, 0, 0, 0}));
  EXPECT_EQ(dissect(frames[1]).payload, (Buffer{9, 9}));
  EXPECT_EQ(dissect(frames[2]).payload, Buffer(8));
  EXPECT_EQ(dissect(frames[2]).ip->id, 5u);
}

// What every hop reads goes before the cut in each piece, the rest is shared out (RFC 8200 4.5).
TEST(EmitFragments, ExtensionHeadersBehindTheCutAreCutToo) {
  FrameSpec frame = packet(Family::v6);
  frame.eth = EthernetSpec{};
  frame.ip->extensions = std::vector<Extension>{{ip_protocol::hop_by_hop, Buffer(6)},
                                                {ip_protocol::destination, Buffer(6, 1)}};
  frame.payload = Buffer(8, 7);
  const std::vector<FragmentPiece> pieces{{8, 0, true, {}}, {8, 8, false, {}}};
  const auto frames = emit_fragments(frame, pieces, 77);
  const FrameSpec first = dissect(frames[0]);
  EXPECT_EQ(first.ip->protocol, ip_protocol::destination);
  EXPECT_EQ(first.ip->extensions->size(), 1u);
  EXPECT_EQ(first.payload, (Buffer{ip_protocol::experiment, 0, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(dissect(frames[1]).payload, Buffer(8, 7));
}

TEST(Emit, IntoReusesTheBuffer) {
  Buffer out(100, 0xa5);
  emit_into(packet(Family::v4), out);
  EXPECT_EQ(out, emit(packet(Family::v4)));
}

}  // namespace
}  // namespace tcproof::wire
