// SPDX-License-Identifier: Apache-2.0
#include "tests/stack/wire/frame_kinds.h"

#include "stack/wire/numbers.h"
#include "stack/wire/tcp_options.h"

namespace tcproof::wire::test {

namespace {

const MacAddress mac_a{{2, 0, 0, 0, 0, 0x0a}};
const MacAddress mac_b{{2, 0, 0, 0, 0, 0x0b}};
const IpAddress v4_a = IpAddress::v4(192, 0, 2, 1);
const IpAddress v4_b = IpAddress::v4(192, 0, 2, 2);
const IpAddress v6_a = *parse_ip("2001:db8::1");
const IpAddress v6_b = *parse_ip("2001:db8::2");

using Kinds = std::vector<FrameKind>;

Buffer count_up(std::size_t octets) {
  Buffer out;
  for (std::size_t i = 0; i < octets; ++i) out.push_back(static_cast<std::uint8_t>(i));
  return out;
}

FrameSpec packet(Family family, std::size_t data) {
  FrameSpec frame;
  frame.eth = EthernetSpec{.dst = mac_b, .src = mac_a};
  frame.ip = family == Family::v4 ? IpSpec{.src = v4_a, .dst = v4_b}
                                  : IpSpec{.family = Family::v6, .src = v6_a, .dst = v6_b};
  frame.payload = count_up(data);
  return frame;
}

FrameSpec tcp_packet(Family family, TcpSpec tcp, std::size_t data = 0) {
  FrameSpec frame = packet(family, data);
  frame.tcp = std::move(tcp);
  frame.tcp->src_port = std::uint16_t{49152};
  frame.tcp->dst_port = std::uint16_t{7};
  return frame;
}

FrameSpec udp_packet(Family family, std::size_t data) {
  FrameSpec frame = packet(family, data);
  frame.udp = UdpSpec{.src_port = 49152, .dst_port = 7};
  return frame;
}

/// What an ICMP error quotes: the start of a datagram in the other direction.
Buffer quote(Family family) {
  FrameSpec frame = udp_packet(family, family == Family::v4 ? 0 : 4);
  frame.eth.reset();
  std::swap(frame.ip->src, frame.ip->dst);
  std::swap(frame.udp->src_port, frame.udp->dst_port);
  if (family == Family::v4) {
    frame.ip->length = 1500;
    frame.udp->length = std::uint16_t{1480};
    frame.udp->checksum = std::uint16_t{0};
  }
  return emit(frame);
}

FrameSpec icmp_packet(Family family, IcmpSpec icmp, Buffer payload) {
  FrameSpec frame = packet(family, 0);
  (family == Family::v4 ? frame.icmp : frame.icmpv6) = std::move(icmp);
  frame.payload = std::move(payload);
  return frame;
}

FrameSpec nd_packet(NdSpec nd) {
  FrameSpec frame = packet(Family::v6, 0);
  frame.nd = std::move(nd);
  return frame;
}

void add_arp(Kinds& kinds) {
  FrameSpec request;
  request.eth = EthernetSpec{.dst = mac_broadcast, .src = mac_a};
  request.arp = ArpSpec{.sha = mac_a, .spa = v4_a, .tpa = v4_b};
  FrameSpec reply = request;
  reply.eth->dst = mac_b;
  reply.arp->op = arp_op::reply;
  reply.arp->tha = mac_b;
  kinds.push_back({"arp-request", request});
  kinds.push_back({"arp-reply", reply});
}

void add_tcp(Kinds& kinds) {
  Buffer syn;
  append_mss(syn, 1460);
  append_sack_permitted(syn);
  append_timestamps(syn, 1, 0);
  append_nop(syn);
  append_window_scale(syn, 7);
  kinds.push_back(
      {"tcp-syn",
       tcp_packet(Family::v4,
                  {.seq = Seq{0xfffffff0}, .flags = flag::syn, .window = 65535, .options = syn})});
  FrameSpec data = tcp_packet(
      Family::v4,
      {.seq = Seq{1}, .ack = Seq{0x80000000}, .flags = flag::psh | flag::ack, .window = 500}, 11);
  data.ip->dscp = 46;
  data.ip->ecn = 1;
  data.ip->df = true;
  data.ip->ttl = 3;
  kinds.push_back({"tcp-data", data});
  kinds.push_back({"tcp-all-flags", tcp_packet(Family::v4, {.seq = Seq{1},
                                                            .ack = Seq{2},
                                                            .flags = TcpFlags(0x1ff),
                                                            .window = 1,
                                                            .urgent = 0xabcd,
                                                            .reserved = 5})});
  Buffer sack;
  append_nop(sack);
  append_nop(sack);
  const TcpOptionView::SackBlock blocks[] = {{{3}, {4}}, {{5}, {6}}};
  append_sack(sack, blocks);
  kinds.push_back(
      {"tcp-sack",
       tcp_packet(
           Family::v4,
           {.seq = Seq{1}, .ack = Seq{2}, .flags = flag::ack, .window = 9, .options = sack})});
  FrameSpec v6 =
      tcp_packet(Family::v6, {.seq = Seq{1}, .ack = Seq{2}, .flags = flag::ack, .window = 500}, 8);
  v6.ip->tos = 2;
  v6.ip->flow = 0x12345;
  v6.ip->ttl = 9;
  kinds.push_back({"tcp-v6", v6});
  kinds.push_back(
      {"tcp-bad-checksum",
       tcp_packet(Family::v4,
                  {.seq = Seq{1}, .flags = flag::rst, .window = 8192, .checksum = BadChecksum{}})});
}

void add_udp(Kinds& kinds) {
  kinds.push_back({"udp", udp_packet(Family::v4, 5)});
  kinds.push_back({"udp-v6", udp_packet(Family::v6, 6)});
  FrameSpec none = udp_packet(Family::v4, 4);
  none.udp->checksum = std::uint16_t{0};
  kinds.push_back({"udp-no-checksum", none});
  FrameSpec wrong = udp_packet(Family::v4, 4);
  wrong.udp->length = std::uint16_t{9};
  wrong.udp->checksum = std::uint16_t{0x1234};
  kinds.push_back({"udp-wrong-length", wrong});
}

void add_icmp(Kinds& kinds) {
  const auto add = [&](std::string name, IcmpSpec icmp, Buffer payload) {
    kinds.push_back({"icmp-" + name, icmp_packet(Family::v4, std::move(icmp), std::move(payload))});
  };
  const Buffer quoted = quote(Family::v4);
  add("echo", {.type = icmp_type::echo, .id = 0x1234, .seq = 7}, count_up(9));
  add("echo-reply", {.type = icmp_type::echo_reply, .id = 0x1234, .seq = 7}, count_up(9));
  add("fragmentation-needed",
      {.type = icmp_type::unreachable, .code = unreachable_code::fragmentation_needed, .mtu = 1400},
      quoted);
  add("port", {.type = icmp_type::unreachable, .code = unreachable_code::port}, quoted);
  add("redirect", {.type = icmp_type::redirect, .code = 1, .gateway = IpAddress::v4(192, 0, 2, 9)},
      quoted);
  add("time-exceeded", {.type = icmp_type::time_exceeded, .code = time_exceeded_code::reassembly},
      quoted);
  add("parameter-problem", {.type = icmp_type::parameter_problem, .pointer = 20}, quoted);
  add("timestamp",
      {.type = icmp_type::timestamp,
       .id = 1,
       .seq = 2,
       .originate = 3,
       .receive = 4,
       .transmit = 5},
      {});
}

void add_icmpv6(Kinds& kinds) {
  const auto add = [&](std::string name, IcmpSpec icmp, Buffer payload) {
    kinds.push_back(
        {"icmpv6-" + name, icmp_packet(Family::v6, std::move(icmp), std::move(payload))});
  };
  const Buffer quoted = quote(Family::v6);
  add("echo-request", {.type = icmpv6_type::echo_request, .id = 0x1234, .seq = 7}, count_up(9));
  add("echo-reply", {.type = icmpv6_type::echo_reply, .id = 0x1234, .seq = 7}, count_up(9));
  add("packet-too-big", {.type = icmpv6_type::packet_too_big, .mtu = 1280}, quoted);
  add("parameter-problem",
      {.type = icmpv6_type::parameter_problem,
       .code = parameter_problem_v6_code::next_header,
       .pointer = 40},
      quoted);
  add("port", {.type = icmpv6_type::unreachable, .code = unreachable_v6_code::port}, quoted);
  add("time-exceeded", {.type = icmpv6_type::time_exceeded, .code = time_exceeded_code::reassembly},
      quoted);
}

void add_ip(Kinds& kinds) {
  FrameSpec options = udp_packet(Family::v4, 3);
  options.ip->options = {0x94, 4, 0, 0};
  kinds.push_back({"ipv4-options", options});
  FrameSpec fragment = packet(Family::v4, 16);
  fragment.ip->protocol = ip_protocol::udp;
  fragment.ip->mf = true;
  fragment.ip->offset = std::uint16_t{24};
  kinds.push_back({"ipv4-fragment", fragment});
  kinds.push_back({"ipv4-experiment", packet(Family::v4, 4)});
  FrameSpec extensions = udp_packet(Family::v6, 3);
  extensions.ip->extensions =
      std::vector<Extension>{{ip_protocol::hop_by_hop, {5, 2, 0, 0, 1, 0}},
                             {ip_protocol::routing, {0, 0, 0, 0, 0, 0}},
                             {ip_protocol::destination, {1, 4, 0, 0, 0, 0}}};
  kinds.push_back({"ipv6-extensions", extensions});
  FrameSpec v6_fragment = packet(Family::v6, 16);
  v6_fragment.ip->protocol = ip_protocol::udp;
  v6_fragment.ip->mf = true;
  v6_fragment.ip->offset = std::uint16_t{24};
  v6_fragment.ip->id = 0xdeadbeef;
  kinds.push_back({"ipv6-fragment", v6_fragment});
  FrameSpec atomic = udp_packet(Family::v6, 3);
  atomic.ip->mf = false;
  atomic.ip->id = 0xdeadbeef;
  kinds.push_back({"ipv6-atomic-fragment", atomic});
}

void add_nd(Kinds& kinds) {
  const auto add = [&](std::string name, NdSpec nd) {
    kinds.push_back({"nd-" + name, nd_packet(std::move(nd))});
  };
  add("neighbor-solicitation", {.target = v6_b, .source_lla = mac_a});
  add("neighbor-advertisement", {.type = icmpv6_type::neighbor_advertisement,
                                 .target = v6_a,
                                 .solicited = true,
                                 .override_ = true,
                                 .target_lla = mac_a});
  add("router-solicitation", {.type = icmpv6_type::router_solicitation, .source_lla = mac_a});
  add("router-advertisement", {.type = icmpv6_type::router_advertisement,
                               .source_lla = mac_a,
                               .lifetime = 1800,
                               .hop_limit = 64,
                               .mtu = 1400,
                               .prefix = parse_prefix("2001:db8::/64")});
  add("redirect", {.type = icmpv6_type::redirect,
                   .target = parse_ip("fe80::9"),
                   .destination = parse_ip("2001:db8:1::9"),
                   .target_lla = mac_b});
}

}  // namespace

std::vector<FrameKind> frame_kinds() {
  Kinds kinds;
  add_arp(kinds);
  add_tcp(kinds);
  add_udp(kinds);
  add_icmp(kinds);
  add_icmpv6(kinds);
  add_ip(kinds);
  add_nd(kinds);
  return kinds;
}

}  // namespace tcproof::wire::test
