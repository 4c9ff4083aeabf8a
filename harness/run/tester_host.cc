// SPDX-License-Identifier: Apache-2.0
#include "harness/run/tester_host.h"

#include "stack/wire/address.h"
#include "stack/wire/frame.h"
#include "stack/wire/numbers.h"

namespace tcproof::harness {
namespace {

// RFC 4861 7.1.1: a packet that a router could have forwarded is no solicitation.
constexpr std::uint8_t nd_hop_limit = 255;

// A cheap look that spares nearly every frame the dissection.
bool may_ask(wire::Bytes octets) {
  if (octets.size() < 14) return false;
  const std::uint16_t type = wire::be16(octets, 12);
  if (type == wire::ether_type::arp) return true;
  return type == wire::ether_type::ipv6 && octets.size() >= 55 &&
         octets[20] == wire::ip_protocol::icmpv6 &&
         octets[54] == wire::icmpv6_type::neighbor_solicitation;
}

struct Asked {
  checks::HostId host;
  wire::IpAddress address;
  wire::MacAddress mac;
};

std::optional<Asked> asked_host(const checks::Network& network, checks::LinkId link,
                                const wire::IpAddress& address) {
  for (const checks::LinkEnd& end : network.links[link].ends) {
    const auto& own = address.family == wire::Family::v4 ? end.v4 : end.v6;
    if (!own || own->address != address) continue;
    const checks::NetworkHost& host = network.hosts[end.host];
    // The target and the routers are machines of their own on every kind of network and answer
    // themselves.
    if (end.host == network.target || host.forwards) return {};
    return Asked{end.host, address, host.mac};
  }
  return {};
}

wire::Buffer arp_answer(const wire::ArpSpec& request, const Asked& asked) {
  wire::FrameSpec answer;
  answer.eth =
      wire::EthernetSpec{.dst = request.sha, .src = asked.mac, .type = wire::ether_type::arp};
  answer.arp = wire::ArpSpec{.op = wire::arp_op::reply,
                             .sha = asked.mac,
                             .tha = request.sha,
                             .spa = asked.address,
                             .tpa = request.spa};
  return wire::emit(answer);
}

wire::Buffer nd_answer(const wire::FrameSpec& request, const Asked& asked) {
  // A source of :: is somebody who has no address yet: all nodes are told (RFC 4861 7.2.4).
  const bool unspecified = request.ip->src->is_unspecified();
  const wire::IpAddress all_nodes{wire::Family::v6,
                                  {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  const wire::IpAddress to = unspecified ? all_nodes : *request.ip->src;
  wire::FrameSpec answer;
  answer.eth =
      wire::EthernetSpec{.dst = unspecified ? wire::multicast_mac(to)
                                            : request.nd->source_lla.value_or(*request.eth->src),
                         .src = asked.mac,
                         .type = wire::ether_type::ipv6};
  answer.ip = wire::IpSpec{
      .family = wire::Family::v6, .ttl = nd_hop_limit, .src = asked.address, .dst = to};
  answer.nd = wire::NdSpec{.type = wire::icmpv6_type::neighbor_advertisement,
                           .target = asked.address,
                           .router = false,
                           .solicited = !unspecified,
                           .override_ = true,
                           .target_lla = asked.mac};
  return wire::emit(answer);
}

}  // namespace

std::optional<TesterHost::Answer> TesterHost::on_frame(const checks::FrameSeen& seen,
                                                       wire::Bytes octets) const {
  if (case_.manual_neighbours || !may_ask(octets)) return {};
  const wire::FrameSpec frame = wire::dissect(octets);
  if (frame.arp && frame.arp->op == wire::arp_op::request && frame.arp->tpa && frame.arp->sha &&
      frame.arp->spa) {
    const auto asked = asked_host(case_.network, seen.link, *frame.arp->tpa);
    if (!asked) return {};
    return Answer{seen.link, asked->host, arp_answer(*frame.arp, *asked)};
  }
  if (frame.nd && frame.ip && frame.ip->src && frame.eth && frame.eth->src &&
      frame.ip->ttl == nd_hop_limit && frame.nd->type == wire::icmpv6_type::neighbor_solicitation &&
      frame.nd->target) {
    const auto asked = asked_host(case_.network, seen.link, *frame.nd->target);
    if (!asked) return {};
    return Answer{seen.link, asked->host, nd_answer(frame, *asked)};
  }
  return {};
}

}  // namespace tcproof::harness
