// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/sim_router.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "harness/topology/ipv4_fragment.h"
#include "stack/wire/checksum.h"
#include "stack/wire/numbers.h"
#include "stack/wire/tcp.h"

namespace tcproof::harness {
namespace {

constexpr std::size_t ethernet_header = 14;
constexpr std::size_t ipv4_header = 20;
constexpr std::size_t ipv6_header = 40;

wire::MacAddress mac_at(wire::Bytes octets, std::size_t at) {
  wire::MacAddress mac;
  std::copy_n(octets.begin() + static_cast<std::ptrdiff_t>(at), mac.octets.size(),
              mac.octets.begin());
  return mac;
}

wire::IpAddress source_of(wire::Bytes packet, wire::Family family) {
  return wire::IpAddress::from(family, packet.subspan(family == wire::Family::v4 ? 12 : 8));
}
wire::IpAddress destination_of(wire::Bytes packet, wire::Family family) {
  return wire::IpAddress::from(family, packet.subspan(family == wire::Family::v4 ? 16 : 24));
}

// RFC 1812 5.2.2: the checks that a forwarded header must pass. Empty if it does not, else without
// padding.
std::optional<wire::Bytes> checked_ipv4(wire::Bytes packet) {
  if (packet.size() < ipv4_header || packet[0] >> 4 != 4) return {};
  const std::size_t header = std::size_t{packet[0]} % 16 * 4;
  const std::size_t length = wire::be16(packet, 2);
  if (header < ipv4_header || length < header || length > packet.size()) return {};
  if (wire::internet_checksum(packet.first(header)) != 0) return {};
  return packet.first(length);
}

std::optional<wire::Bytes> checked_ipv6(wire::Bytes packet) {
  if (packet.size() < ipv6_header || packet[0] >> 4 != 6) return {};
  const std::size_t length = ipv6_header + wire::be16(packet, 4);
  if (length > packet.size()) return {};
  return packet.first(length);
}

}  // namespace

SimRouter::SimRouter(const checks::Network& network, checks::HostId self, Output output,
                     Clock clock)
    : network_(network), self_(self), output_(std::move(output)), clock_(std::move(clock)) {
  tokens_ = me().router.icmp_rate.value_or(0);
  if (clock_) tokens_at_ = clock_();
  find_routes();
}

// Breadth first from this router's own links, so that each prefix is reached over the fewest
// routers.
void SimRouter::find_routes() {
  struct Reached {
    checks::HostId host;
    std::optional<checks::LinkId> link;  // the first link of the way; empty for this router itself
    checks::HostId gateway;
  };
  std::deque<Reached> queue{{self_, {}, self_}};
  std::vector<bool> visited(network_.hosts.size());
  std::vector<bool> covered(network_.links.size());
  visited[self_] = true;
  while (!queue.empty()) {
    const Reached at = queue.front();
    queue.pop_front();
    for (std::size_t l = 0; l < network_.links.size(); ++l) {
      const auto link = static_cast<checks::LinkId>(l);
      const checks::LinkEnd* own = end_on(link, at.host);
      if (own == nullptr) continue;
      const checks::LinkId first = at.link.value_or(link);
      if (!covered[l]) {
        covered[l] = true;
        const auto gateway = at.link ? std::optional(at.gateway) : std::nullopt;
        if (own->v4) routes_.push_back({*own->v4, first, gateway});
        if (own->v6) routes_.push_back({*own->v6, first, gateway});
      }
      for (const checks::LinkEnd& end : network_.links[l].ends) {
        if (visited[end.host] || !network_.hosts[end.host].forwards) continue;
        visited[end.host] = true;
        queue.push_back({end.host, first, at.link ? at.gateway : end.host});
      }
    }
  }
}

void SimRouter::on_frame(checks::LinkId link, wire::Bytes frame) {
  if (frame.size() < ethernet_header) return;
  const wire::MacAddress to = mac_at(frame, 0);
  if (!to.is_group() && to != me().mac) return;
  const std::uint16_t type = wire::be16(frame, 12);
  const wire::Bytes packet = frame.subspan(ethernet_header);
  if (type == wire::ether_type::arp) {
    on_arp(link, frame);
  } else if (type == wire::ether_type::ipv6) {
    if (!on_solicitation(link, mac_at(frame, 6), packet) && !to.is_group()) on_ipv6(link, packet);
  } else if (type == wire::ether_type::ipv4 && !to.is_group()) {
    // RFC 1812 5.3.4: what came as a link-layer broadcast is not forwarded.
    on_ipv4(link, packet);
  }
}

void SimRouter::on_ipv4(checks::LinkId link, wire::Bytes packet) {
  const auto checked = checked_ipv4(packet);
  if (!checked) return;
  const wire::IpAddress to = destination_of(*checked, wire::Family::v4);
  if (is_mine(to)) return on_own_packet(*checked, wire::Family::v4);
  if (to.is_multicast() || to == wire::ipv4_broadcast || to.is_loopback() || to.is_unspecified())
    return;
  const Route way = route(to);
  if (!way.hop) {
    const std::uint8_t code =
        way.why == NoWay::no_route ? wire::unreachable_code::net : wire::unreachable_code::host;
    if (me().router.unreachable) report_ipv4(link, wire::icmp_type::unreachable, code, 0, *checked);
    return;
  }
  forward_ipv4(link, *way.hop, *checked);
}

void SimRouter::forward_ipv4(checks::LinkId in, const Hop& hop, wire::Bytes packet) {
  if (packet[8] <= 1) {
    if (me().router.time_exceeded) report_ipv4(in, wire::icmp_type::time_exceeded, 0, 0, packet);
    return;
  }
  const std::uint32_t mtu = network_.links[hop.link].mtu_from(self_);
  const bool dont_fragment = (packet[6] & 0x40) != 0;
  if (packet.size() > mtu && dont_fragment) {
    if (me().router.too_big != checks::RouterBehaviour::TooBig::drop)
      report_ipv4(in, wire::icmp_type::unreachable, wire::unreachable_code::fragmentation_needed,
                  told_mtu(mtu), packet);
    return;
  }
  wire::Buffer out(packet.begin(), packet.end());
  const std::uint16_t before = wire::be16(out, 8);
  --out[8];
  wire::put16(out, 10, wire::update_checksum(wire::be16(out, 10), before, wire::be16(out, 8)));
  const bool first_piece = (wire::be16(out, 6) & 0x1fff) == 0;
  if (out[9] == wire::ip_protocol::tcp && first_piece)
    clamp_mss(wire::MutableBytes(out).subspan(std::size_t{out[0]} % 16 * 4));
  if (out.size() > mtu) {
    fragment(hop, out);
  } else {
    put_packet(hop, wire::Family::v4, out);
  }
}

void SimRouter::fragment(const Hop& hop, wire::Bytes packet) {
  for (const wire::Buffer& piece : fragment_ipv4(packet, network_.links[hop.link].mtu_from(self_)))
    put_packet(hop, wire::Family::v4, piece);
}

void SimRouter::on_ipv6(checks::LinkId link, wire::Bytes packet) {
  const auto checked = checked_ipv6(packet);
  if (!checked) return;
  const wire::IpAddress to = destination_of(*checked, wire::Family::v6);
  if (is_mine(to)) return on_own_packet(*checked, wire::Family::v6);
  const wire::IpAddress from = source_of(*checked, wire::Family::v6);
  // RFC 4291 2.5.6, 2.7: these stay on their link.
  if (to.is_multicast() || to.is_link_local() || to.is_loopback() || to.is_unspecified()) return;
  if (from.is_link_local() || from.is_unspecified()) return;
  const Route way = route(to);
  if (!way.hop) {
    const std::uint8_t code = way.why == NoWay::no_route ? wire::unreachable_v6_code::no_route
                                                         : wire::unreachable_v6_code::address;
    if (me().router.unreachable)
      report_ipv6(link, wire::icmpv6_type::unreachable, code, 0, *checked);
    return;
  }
  forward_ipv6(link, *way.hop, *checked);
}

void SimRouter::forward_ipv6(checks::LinkId in, const Hop& hop, wire::Bytes packet) {
  if (packet[7] <= 1) {
    if (me().router.time_exceeded) report_ipv6(in, wire::icmpv6_type::time_exceeded, 0, 0, packet);
    return;
  }
  const std::uint32_t mtu = network_.links[hop.link].mtu_from(self_);
  if (packet.size() > mtu) {
    if (me().router.too_big != checks::RouterBehaviour::TooBig::drop)
      report_ipv6(in, wire::icmpv6_type::packet_too_big, 0, told_mtu(mtu), packet);
    return;
  }
  wire::Buffer out(packet.begin(), packet.end());
  --out[7];
  if (out[6] == wire::ip_protocol::tcp) clamp_mss(wire::MutableBytes(out).subspan(ipv6_header));
  put_packet(hop, wire::Family::v6, out);
}

void SimRouter::put_packet(const Hop& hop, wire::Family family, wire::Bytes packet) {
  wire::Buffer frame(ethernet_header);
  std::ranges::copy(hop.mac.octets, frame.begin());
  std::ranges::copy(me().mac.octets, frame.begin() + 6);
  wire::put16(frame, 12,
              family == wire::Family::v4 ? wire::ether_type::ipv4 : wire::ether_type::ipv6);
  frame.insert(frame.end(), packet.begin(), packet.end());
  output_(hop.link, std::move(frame));
}

void SimRouter::clamp_mss(wire::MutableBytes tcp) const {
  const auto clamp = me().router.mss_clamp;
  const auto view = wire::TcpView::parse(tcp);
  if (!clamp || !view || !view->flags().has(wire::flag::syn)) return;
  std::size_t at = 20;
  while (at + 1 < view->header_size() && tcp[at] != 0) {
    if (tcp[at] == 1) {
      ++at;
      continue;
    }
    const std::size_t length = tcp[at + 1];
    if (length < 2 || at + length > view->header_size()) return;
    if (tcp[at] == 2 && length == 4 && wire::be16(tcp, at + 2) > *clamp) {
      const auto swapped = [](std::uint16_t v) {
        return static_cast<std::uint16_t>(v << 8 | v >> 8);
      };
      const std::uint16_t old = wire::be16(tcp, at + 2);
      // At an odd offset the number straddles two words of the sum, its halves changed over.
      const bool odd = at % 2 != 0;
      wire::put16(tcp, 16,
                  wire::update_checksum(wire::be16(tcp, 16), odd ? swapped(old) : old,
                                        odd ? swapped(*clamp) : *clamp));
      wire::put16(tcp, at + 2, *clamp);
    }
    at += length;
  }
}

SimRouter::Route SimRouter::route(const wire::IpAddress& to) const {
  const Prefix* best = nullptr;
  for (const Prefix& prefix : routes_) {
    if (prefix.prefix.address.family != to.family || !prefix.prefix.contains(to)) continue;
    if (best == nullptr || prefix.prefix.length > best->prefix.length) best = &prefix;
  }
  if (best == nullptr) return {};
  if (best->gateway) return {Hop{best->link, network_.hosts[*best->gateway].mac}, {}};
  for (const checks::LinkEnd& end : network_.links[best->link].ends) {
    const auto& own = to.family == wire::Family::v4 ? end.v4 : end.v6;
    if (own && own->address == to) return {Hop{best->link, network_.hosts[end.host].mac}, {}};
  }
  return {{}, NoWay::no_host};
}

bool SimRouter::is_mine(const wire::IpAddress& address) const {
  for (std::size_t l = 0; l < network_.links.size(); ++l)
    if (own_address(static_cast<checks::LinkId>(l), address.family) == address) return true;
  return false;
}

std::optional<wire::IpAddress> SimRouter::own_address(checks::LinkId link,
                                                      wire::Family family) const {
  const checks::LinkEnd* end = end_on(link, self_);
  if (end == nullptr) return {};
  const auto& prefix = family == wire::Family::v4 ? end->v4 : end->v6;
  if (!prefix) return {};
  return prefix->address;
}

const checks::LinkEnd* SimRouter::end_on(checks::LinkId link, checks::HostId host) const {
  for (const checks::LinkEnd& end : network_.links[link].ends)
    if (end.host == host) return &end;
  return nullptr;
}

// A token bucket, as routers have it (RFC 1812 4.3.2.8, RFC 4443 2.4 (f)).
bool SimRouter::may_speak() {
  const auto rate = me().router.icmp_rate;
  if (!rate || !clock_) return true;
  const Instant now = clock_();
  const double seconds = std::chrono::duration<double>(now - tokens_at_).count();
  tokens_ = std::min<double>(*rate, tokens_ + seconds * *rate);
  tokens_at_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

std::uint32_t SimRouter::told_mtu(std::uint32_t true_mtu) const {
  const checks::RouterBehaviour& how = me().router;
  return how.too_big == checks::RouterBehaviour::TooBig::claim ? how.claimed_mtu : true_mtu;
}

}  // namespace tcproof::harness
