// SPDX-License-Identifier: Apache-2.0
#include "harness/path/answer_filter.h"

#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include "stack/wire/frame.h"

namespace tcproof::harness {
namespace {

using wire::Family;
using wire::IpAddress;

/// What the kernel would do with a packet, told by libpcap's interpreter.
bool passes(const std::vector<sock_filter>& filter, const wire::Buffer& frame) {
  std::vector<bpf_insn> program;
  for (const sock_filter& each : filter) program.push_back({each.code, each.jt, each.jf, each.k});
  const auto packet = wire::Bytes(frame).subspan(14);  // the socket hears no Ethernet header
  const auto length = static_cast<unsigned>(packet.size());
  return bpf_filter(program.data(), packet.data(), length, length) != 0;
}

wire::FrameSpec from(const IpAddress& source, const IpAddress& destination) {
  wire::FrameSpec frame;
  frame.eth = wire::EthernetSpec{};
  frame.ip = wire::IpSpec{.family = source.family, .src = source, .dst = destination};
  return frame;
}
wire::Buffer udp(const IpAddress& source, const IpAddress& destination) {
  wire::FrameSpec frame = from(source, destination);
  frame.udp = wire::UdpSpec{.src_port = 7, .dst_port = 40000};
  return wire::emit(frame);
}
wire::Buffer icmp(const IpAddress& source, const IpAddress& destination) {
  wire::FrameSpec frame = from(source, destination);
  if (source.family == Family::v4) {
    frame.icmp = wire::IcmpSpec{.type = 11, .code = 0};
  } else {
    frame.icmpv6 = wire::IcmpSpec{.type = 3, .code = 0};
  }
  return wire::emit(frame);
}

TEST(AnswerFilter, LetsThePeerAndIcmpThroughAndNothingElse) {
  const auto v6 = [](std::uint8_t last) {
    IpAddress address{Family::v6, {0x20, 0x01, 0x0d, 0xb8}};
    address.octets[15] = last;
    return address;
  };
  struct Row {
    IpAddress peer, other, own;
  };
  const Row rows[] = {
      {IpAddress::v4(198, 51, 100, 2), IpAddress::v4(203, 0, 113, 9), IpAddress::v4(192, 0, 2, 1)},
      {v6(2), v6(9), v6(1)}};
  for (const auto& [peer, other, own] : rows) {
    const auto filter = answers_of(peer);
    EXPECT_TRUE(passes(filter, udp(peer, own)));
    EXPECT_TRUE(passes(filter, icmp(peer, own)));
    EXPECT_TRUE(passes(filter, icmp(other, own))) << "a router's report";
    EXPECT_FALSE(passes(filter, udp(other, own)));
    EXPECT_FALSE(passes(filter, udp(own, peer)));
  }
}

}  // namespace
}  // namespace tcproof::harness
