// SPDX-License-Identifier: Apache-2.0
// What the router says itself: ARP and neighbour discovery, echo replies, ICMP errors.
#include <algorithm>
#include <utility>

#include "harness/topology/sim_router.h"
#include "stack/wire/frame.h"
#include "stack/wire/numbers.h"

namespace tcproof::harness {
namespace {

constexpr std::size_t ethernet_header = 14;
constexpr std::size_t ipv6_header = 40;
constexpr std::uint8_t default_ttl = 64;
// RFC 1812 4.3.2.5: precedence 6, internetwork control.
constexpr std::uint8_t error_tos = 0xc0;
// RFC 4443 2.4 (c): an error message does not exceed the least MTU of IPv6.
constexpr std::size_t ipv6_least_mtu = 1280;
constexpr std::size_t icmp_header = 8;

// RFC 1122 3.2.2: no error about an error.
bool is_icmp_error(std::uint8_t type) {
  using namespace wire::icmp_type;
  return type == unreachable || type == source_quench || type == redirect ||
         type == time_exceeded || type == parameter_problem;
}

bool may_report_ipv4(wire::Bytes packet, const wire::IpAddress& source) {
  if (source.is_unspecified() || source.is_multicast() || source.is_loopback() ||
      source == wire::ipv4_broadcast)
    return false;
  if ((wire::be16(packet, 6) & 0x1fff) != 0) return false;
  const std::size_t header = std::size_t{packet[0]} % 16 * 4;
  return packet[9] != wire::ip_protocol::icmp || packet.size() <= header ||
         !is_icmp_error(packet[header]);
}

// RFC 4443 2.4 (e).
bool may_report_ipv6(wire::Bytes packet, const wire::IpAddress& source, const wire::IpAddress& to,
                     std::uint8_t type) {
  if (source.is_unspecified() || source.is_multicast()) return false;
  if (to.is_multicast() && type != wire::icmpv6_type::packet_too_big) return false;
  if (packet[6] != wire::ip_protocol::icmpv6 || packet.size() <= ipv6_header) return true;
  return packet[ipv6_header] >= 128 && packet[ipv6_header] != wire::icmpv6_type::redirect;
}

}  // namespace

void SimRouter::on_arp(checks::LinkId link, wire::Bytes frame) {
  const wire::FrameSpec request = wire::dissect(frame);
  if (!request.arp || request.arp->op != wire::arp_op::request || !request.arp->tpa ||
      !request.arp->sha)
    return;
  if (own_address(link, wire::Family::v4) != request.arp->tpa) return;
  wire::FrameSpec answer;
  answer.eth =
      wire::EthernetSpec{.dst = request.arp->sha, .src = me().mac, .type = wire::ether_type::arp};
  answer.arp = wire::ArpSpec{.op = wire::arp_op::reply,
                             .sha = me().mac,
                             .tha = request.arp->sha,
                             .spa = request.arp->tpa,
                             .tpa = request.arp->spa};
  output_(link, wire::emit(answer));
}

bool SimRouter::on_solicitation(checks::LinkId link, const wire::MacAddress& from,
                                wire::Bytes packet) {
  const bool solicits = packet.size() >= ipv6_header + 24 &&
                        packet[6] == wire::ip_protocol::icmpv6 && packet[7] == 255 &&
                        packet[ipv6_header] == wire::icmpv6_type::neighbor_solicitation;
  if (!solicits) return false;
  const auto target = wire::IpAddress::from(wire::Family::v6, packet.subspan(ipv6_header + 8));
  if (own_address(link, wire::Family::v6) != target) return true;
  const auto source = wire::IpAddress::from(wire::Family::v6, packet.subspan(8));
  const bool unspecified = source.is_unspecified();
  const wire::IpAddress all_nodes{wire::Family::v6,
                                  {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  wire::FrameSpec answer;
  answer.eth = wire::EthernetSpec{.dst = unspecified ? wire::multicast_mac(all_nodes) : from,
                                  .src = me().mac,
                                  .type = wire::ether_type::ipv6};
  answer.ip = wire::IpSpec{.family = wire::Family::v6,
                           .ttl = std::uint8_t{255},
                           .src = target,
                           .dst = unspecified ? all_nodes : source};
  answer.nd = wire::NdSpec{.type = wire::icmpv6_type::neighbor_advertisement,
                           .target = target,
                           .router = true,
                           .solicited = !unspecified,
                           .override_ = true,
                           .target_lla = me().mac};
  output_(link, wire::emit(answer));
  return true;
}

void SimRouter::on_own_packet(wire::Bytes packet, wire::Family family) {
  // dissect() starts at Ethernet, so the packet gets a header back.
  wire::Buffer frame(ethernet_header);
  wire::put16(frame, 12,
              family == wire::Family::v4 ? wire::ether_type::ipv4 : wire::ether_type::ipv6);
  frame.insert(frame.end(), packet.begin(), packet.end());
  wire::FrameSpec request = wire::dissect(frame);
  const auto& echo = family == wire::Family::v4 ? request.icmp : request.icmpv6;
  const bool v4 = family == wire::Family::v4;
  const std::uint8_t asks = v4 ? wire::icmp_type::echo : wire::icmpv6_type::echo_request;
  if (request.is_fragment() || !request.ip || !echo || echo->type != asks) return;
  const Route way = route(*request.ip->src);
  if (!way.hop) return;
  wire::FrameSpec answer;
  answer.eth = wire::EthernetSpec{.dst = way.hop->mac, .src = me().mac};
  answer.ip = wire::IpSpec{.family = family,
                           .ttl = default_ttl,
                           .id = next_id_++,
                           .src = request.ip->dst,
                           .dst = request.ip->src};
  wire::IcmpSpec reply{.type = v4 ? wire::icmp_type::echo_reply : wire::icmpv6_type::echo_reply,
                       .code = std::uint8_t{0},
                       .id = echo->id,
                       .seq = echo->seq};
  (family == wire::Family::v4 ? answer.icmp : answer.icmpv6) = std::move(reply);
  answer.payload = std::move(request.payload);
  output_(way.hop->link, wire::emit(answer));
}

void SimRouter::report_ipv4(checks::LinkId in, std::uint8_t type, std::uint8_t code,
                            std::uint32_t mtu, wire::Bytes dropped) {
  const auto source = wire::IpAddress::from(wire::Family::v4, dropped.subspan(12));
  const Route way = route(source);
  const auto own = own_address(in, wire::Family::v4);
  if (!way.hop || !own || !may_report_ipv4(dropped, source) || !may_speak()) return;
  const wire::Bytes quote =
      dropped.first(std::min<std::size_t>(dropped.size(), me().router.quotes));
  wire::FrameSpec report;
  report.eth =
      wire::EthernetSpec{.dst = way.hop->mac, .src = me().mac, .type = wire::ether_type::ipv4};
  report.ip = wire::IpSpec{.family = wire::Family::v4,
                           .tos = error_tos,
                           .ttl = default_ttl,
                           .id = next_id_++,
                           .src = own,
                           .dst = source};
  report.icmp = wire::IcmpSpec{.type = type, .code = code};
  if (type == wire::icmp_type::unreachable && code == wire::unreachable_code::fragmentation_needed)
    report.icmp->mtu = mtu;
  report.payload.assign(quote.begin(), quote.end());
  output_(way.hop->link, wire::emit(report));
}

void SimRouter::report_ipv6(checks::LinkId in, std::uint8_t type, std::uint8_t code,
                            std::uint32_t mtu, wire::Bytes dropped) {
  const auto source = wire::IpAddress::from(wire::Family::v6, dropped.subspan(8));
  const auto to = wire::IpAddress::from(wire::Family::v6, dropped.subspan(24));
  const Route way = route(source);
  const auto own = own_address(in, wire::Family::v6);
  if (!way.hop || !own || !may_report_ipv6(dropped, source, to, type) || !may_speak()) return;
  const std::size_t room = ipv6_least_mtu - ipv6_header - icmp_header;
  const wire::Bytes quote = dropped.first(std::min(dropped.size(), room));
  wire::FrameSpec report;
  report.eth =
      wire::EthernetSpec{.dst = way.hop->mac, .src = me().mac, .type = wire::ether_type::ipv6};
  report.ip =
      wire::IpSpec{.family = wire::Family::v6, .ttl = default_ttl, .src = own, .dst = source};
  report.icmpv6 = wire::IcmpSpec{.type = type, .code = code};
  if (type == wire::icmpv6_type::packet_too_big) report.icmpv6->mtu = mtu;
  report.payload.assign(quote.begin(), quote.end());
  output_(way.hop->link, wire::emit(report));
}

}  // namespace tcproof::harness
