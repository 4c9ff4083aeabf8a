// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "stack/wire/frame.h"
#include "stack/wire/notation.h"
#include "stack/wire/numbers.h"

namespace tcproof::wire {
namespace {

std::string printed(FrameSpec frame) {
  frame.eth = EthernetSpec{};
  return print_frame(dissect(emit(frame)), {});
}

FrameSpec v4() {
  FrameSpec frame;
  frame.ip = IpSpec{.src = IpAddress::v4(192, 0, 2, 1), .dst = IpAddress::v4(192, 0, 2, 2)};
  return frame;
}

FrameSpec v6() {
  FrameSpec frame;
  frame.ip = IpSpec{.family = Family::v6, .src = *parse_ip("fe80::1"), .dst = *parse_ip("ff02::1")};
  return frame;
}

TEST(PrintFrame, Tcp) {
  FrameSpec frame = v4();
  frame.tcp = TcpSpec{.seq = Seq{7}, .flags = flag::syn};
  EXPECT_EQ(printed(frame), "S  7:7(0) win 0");
}

TEST(PrintFrame, UdpAndOthers) {
  FrameSpec frame = v4();
  frame.payload = Buffer(4);
  EXPECT_EQ(printed(frame), "ipv4 protocol 253 (4)");
  frame.udp = UdpSpec{.src_port = 4000, .dst_port = 7};
  EXPECT_EQ(printed(frame), "udp 4000 > 7 (4)");
  frame = {};
  frame.payload = Buffer(4);
  EXPECT_EQ(printed(frame), "ethernet 0x88b5 (4)");
  EXPECT_EQ(print_frame(frame, {}), "octets (4)");
}

TEST(PrintFrame, Icmp) {
  FrameSpec frame = v4();
  frame.icmp = IcmpSpec{
      .type = icmp_type::unreachable, .code = unreachable_code::fragmentation_needed, .mtu = 1400};
  EXPECT_EQ(printed(frame), "icmp unreachable fragmentation-needed mtu 1400");
  frame.icmp = IcmpSpec{.type = icmp_type::unreachable, .code = unreachable_code::port};
  frame.payload = Buffer(28);
  EXPECT_EQ(printed(frame), "icmp unreachable port (28)");
  frame.icmp = IcmpSpec{.id = 1, .seq = 2};
  EXPECT_EQ(printed(frame), "icmp echo id 1 seq 2 (28)");
  frame.icmp =
      IcmpSpec{.type = icmp_type::redirect, .code = 3, .gateway = IpAddress::v4(192, 0, 2, 9)};
  EXPECT_EQ(printed(frame), "icmp redirect code 3 gateway 192.0.2.9 (28)");
}

TEST(PrintFrame, Icmpv6AndNeighbourDiscovery) {
  FrameSpec frame = v6();
  frame.icmpv6 = IcmpSpec{.type = icmpv6_type::packet_too_big, .mtu = 1280};
  EXPECT_EQ(printed(frame), "icmpv6 packet-too-big mtu 1280");
  frame.icmpv6.reset();
  frame.nd = NdSpec{.target = *parse_ip("fe80::2"), .source_lla = MacAddress{{2, 0, 0, 0, 0, 1}}};
  EXPECT_EQ(printed(frame), "nd neighbor-solicitation target fe80::2 source-lla 02:00:00:00:00:01");
  frame.nd = NdSpec{.type = icmpv6_type::neighbor_advertisement,
                    .target = *parse_ip("fe80::2"),
                    .solicited = true,
                    .options = Buffer{9, 0}};
  EXPECT_EQ(printed(frame), "nd neighbor-advertisement target fe80::2 solicited options 0900");
}

TEST(PrintFrame, Arp) {
  FrameSpec frame;
  frame.arp = ArpSpec{.sha = MacAddress{{2, 0, 0, 0, 0, 2}},
                      .spa = IpAddress::v4(192, 0, 2, 2),
                      .tpa = IpAddress::v4(192, 0, 2, 1)};
  EXPECT_EQ(printed(frame), "arp request 192.0.2.1 tell 192.0.2.2");
  frame.arp->op = arp_op::reply;
  EXPECT_EQ(printed(frame), "arp reply 192.0.2.2 is-at 02:00:00:00:00:02");
  frame.arp->op = 9;
  EXPECT_EQ(printed(frame), "arp op 9 192.0.2.2 is-at 02:00:00:00:00:02 asks 192.0.2.1");
}

TEST(PrintFrame, Fragments) {
  FrameSpec frame = v4();
  frame.ip->protocol = ip_protocol::udp;
  frame.ip->id = 7;
  frame.ip->mf = true;
  frame.ip->offset = 16;
  frame.payload = Buffer(24);
  EXPECT_EQ(printed(frame), "ipv4 fragment 24@16+ id 7 protocol 17");
}

}  // namespace
}  // namespace tcproof::wire
