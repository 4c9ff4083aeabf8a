// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "stack/wire/arp.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/frame.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/nd.h"
#include "stack/wire/numbers.h"
#include "stack/wire/udp.h"

// Every layer either takes its octets and can give each of them back, or leaves them as payload.

namespace tcproof::wire {

namespace {

Buffer copy(Bytes octets) {
  return Buffer(octets.begin(), octets.end());
}

void read_arp(Bytes b, FrameSpec& frame) {
  const auto view = ArpView::parse(b);
  if (!view) {
    frame.payload = copy(b);
    return;
  }
  frame.arp = ArpSpec{view->htype(), view->ptype(), view->op(),  view->hlen(), view->plen(),
                      view->sha(),   view->tha(),   view->spa(), view->tpa()};
  frame.trailer = copy(b.subspan(ArpHeader::size));
}

void read_tcp(Bytes b, FrameSpec& frame) {
  if (b.size() < TcpHeader::size) {
    frame.payload = copy(b);
    return;
  }
  TcpSpec& tcp = frame.tcp.emplace();
  tcp.src_port = be16(b, 0);
  tcp.dst_port = be16(b, 2);
  tcp.seq = Seq{be32(b, 4)};
  tcp.ack = Seq{be32(b, 8)};
  tcp.offset = static_cast<std::uint8_t>(b[12] >> 4);
  tcp.reserved = static_cast<std::uint8_t>(b[12] >> 1 & 7);
  tcp.flags = TcpFlags(be16(b, 12));
  tcp.window = be16(b, 14);
  tcp.checksum = be16(b, 16);
  tcp.urgent = be16(b, 18);
  // An impossible offset leaves no options, and all that follows is payload.
  const auto view = TcpView::parse(b);
  if (view) tcp.options = copy(view->options());
  frame.payload = copy(view ? view->text() : b.subspan(TcpHeader::size));
}

void read_udp(Bytes b, FrameSpec& frame) {
  const auto view = UdpView::parse_header(b);
  if (!view) {
    frame.payload = copy(b);
    return;
  }
  frame.udp = UdpSpec{view->src_port(), view->dst_port(), view->length(), view->checksum()};
  frame.payload = copy(b.subspan(UdpHeader::size));
}

IcmpSpec icmp_head(const IcmpView& view) {
  IcmpSpec icmp;
  icmp.type = view.type();
  icmp.code = view.code();
  icmp.checksum = view.checksum();
  return icmp;
}

/// Bits of the second word that the type's own fields do not hold are kept in id and seq, which
/// emit() writes first.
void keep_unnamed(const IcmpView& view, std::uint32_t named, IcmpSpec& icmp) {
  const std::uint32_t unnamed = view.word() & ~named;
  if (unnamed >> 16 != 0) icmp.id = view.id();
  if ((unnamed & 0xffff) != 0) icmp.seq = view.seq();
}

void read_icmp(Bytes b, FrameSpec& frame) {
  const auto view = IcmpView::parse(b);
  const bool timestamps =
      view && (view->type() == icmp_type::timestamp || view->type() == icmp_type::timestamp_reply);
  constexpr std::size_t timestamp_size = 20;
  if (!view || (timestamps && b.size() < timestamp_size)) {
    frame.payload = copy(b);
    return;
  }
  IcmpSpec& icmp = frame.icmp.emplace(icmp_head(*view));
  frame.payload = copy(view->body());
  switch (view->type()) {
    case icmp_type::unreachable:
      icmp.mtu = view->mtu_v4();
      return keep_unnamed(*view, 0xffff, icmp);
    case icmp_type::redirect: icmp.gateway = view->gateway(); return;
    case icmp_type::parameter_problem:
      icmp.pointer = view->pointer_v4();
      return keep_unnamed(*view, 0xff000000, icmp);
    case icmp_type::source_quench:
    case icmp_type::time_exceeded: return keep_unnamed(*view, 0, icmp);
    case icmp_type::timestamp:
    case icmp_type::timestamp_reply:
      icmp.originate = be32(b, 8);
      icmp.receive = be32(b, 12);
      icmp.transmit = be32(b, 16);
      frame.payload = copy(b.subspan(timestamp_size));
      [[fallthrough]];
    default: icmp.id = view->id(); icmp.seq = view->seq();
  }
}

/// What a value of NdSpec cannot hold: reserved bits, and the flags and timers of a router
/// advertisement.
bool nd_is_plain(const NdView& view) {
  switch (view.type()) {
    case icmpv6_type::router_advertisement:
      return view.message()[5] == 0 && view.reachable() == 0 && view.retransmit() == 0;
    case icmpv6_type::neighbor_advertisement: return (view.word() & 0x1fffffff) == 0;
    default: return view.word() == 0;
  }
}

bool read_nd(Bytes b, FrameSpec& frame) {
  const auto view = NdView::parse(b);
  if (!view || !nd_is_plain(*view)) return false;
  NdSpec& nd = frame.nd.emplace();
  nd.type = view->type();
  nd.code = view->code();
  nd.checksum = view->checksum();
  nd.target = view->target();
  nd.destination = view->destination();
  if (view->type() == icmpv6_type::neighbor_advertisement) {
    nd.router = view->router();
    nd.solicited = view->solicited();
    nd.override_ = view->override_();
  }
  if (view->type() == icmpv6_type::router_advertisement) {
    nd.lifetime = view->lifetime();
    nd.hop_limit = view->hop_limit();
  }
  nd.source_lla = view->source_lla();
  nd.target_lla = view->target_lla();
  nd.mtu = view->mtu();
  nd.prefix = view->prefix();
  nd.options = copy(view->option_area());
  return true;
}

void read_icmpv6(Bytes b, FrameSpec& frame) {
  const auto view = IcmpView::parse(b);
  if (!view) {
    frame.payload = copy(b);
    return;
  }
  if (read_nd(b, frame)) return;
  IcmpSpec& icmp = frame.icmpv6.emplace(icmp_head(*view));
  frame.payload = copy(view->body());
  switch (view->type()) {
    case icmpv6_type::packet_too_big: icmp.mtu = view->mtu_v6(); return;
    case icmpv6_type::parameter_problem: icmp.pointer = view->pointer_v6(); return;
    case icmpv6_type::unreachable:
    case icmpv6_type::time_exceeded: return keep_unnamed(*view, 0, icmp);
    default: icmp.id = view->id(); icmp.seq = view->seq();
  }
}

/// Of a fragment nothing is read but the IP header: a later one has no upper-layer header, and
/// what looks like one in the first may be cut.
void read_upper(Bytes b, FrameSpec& frame) {
  const std::uint8_t protocol = *frame.ip->protocol;
  const bool v4 = frame.ip->family == Family::v4;
  if (frame.is_fragment()) {
    frame.payload = copy(b);
  } else if (protocol == ip_protocol::tcp) {
    read_tcp(b, frame);
  } else if (protocol == ip_protocol::udp) {
    read_udp(b, frame);
  } else if (protocol == ip_protocol::icmp && v4) {
    read_icmp(b, frame);
  } else if (protocol == ip_protocol::icmpv6 && !v4) {
    read_icmpv6(b, frame);
  } else {
    frame.payload = copy(b);
  }
}

void set_tos(std::uint8_t tos, IpSpec& ip) {
  ip.tos = tos;
  ip.dscp = static_cast<std::uint8_t>(tos >> 2);
  ip.ecn = static_cast<std::uint8_t>(tos & 3);
}

void read_ipv4(Bytes b, FrameSpec& frame) {
  if (b.size() < Ipv4Header::size) {
    frame.payload = copy(b);
    return;
  }
  const Ipv4Header header = read_ipv4_header(b);
  IpSpec& ip = frame.ip.emplace();
  ip.version = header.version;
  ip.ihl = header.ihl;
  set_tos(header.tos, ip);
  ip.length = header.total_length;
  ip.id = header.id;
  ip.reserved = header.reserved;
  ip.df = header.df;
  ip.mf = header.mf;
  ip.offset = header.offset;
  ip.ttl = header.ttl;
  ip.protocol = header.protocol;
  ip.checksum = header.checksum;
  ip.src = header.src;
  ip.dst = header.dst;
  const std::size_t header_size = std::size_t{header.ihl} * 4;
  const bool sound = header_size >= Ipv4Header::size && header_size <= header.total_length &&
                     header_size <= b.size();
  if (!sound) {
    frame.payload = copy(b.subspan(Ipv4Header::size));
    return;
  }
  const std::size_t end = std::min<std::size_t>(header.total_length, b.size());
  ip.options = copy(b.subspan(Ipv4Header::size, header_size - Ipv4Header::size));
  frame.trailer = copy(b.subspan(end));
  read_upper(b.first(end).subspan(header_size), frame);
}

/// The fragment header becomes fields if emit() would put it where it stands, and as it stands.
bool take_fragment_header(const ExtensionView& extension, IpSpec& ip) {
  const FragmentView view = *FragmentView::parse(extension.raw);
  if (ip.offset || !view.reserved_is_zero()) return false;
  ip.offset = view.offset();
  ip.mf = view.more();
  ip.id = view.id();
  return true;
}

/// Steps over the extension headers and returns what follows them.
Bytes read_extensions(std::uint8_t next_header, Bytes payload, FrameSpec& frame) {
  IpSpec& ip = *frame.ip;
  std::vector<Extension>& extensions = ip.extensions.emplace();
  std::optional<std::size_t> fragment_at;  // index among `extensions`
  std::optional<Extension> fragment;
  ExtensionWalker walk(next_header, payload);
  while (!frame.is_fragment()) {
    const auto extension = walk.next();
    if (!extension) break;
    if (extension->type == ip_protocol::fragment && take_fragment_header(*extension, ip)) {
      fragment_at = extensions.size();
      fragment = Extension{extension->type, copy(extension->body)};
    } else {
      extensions.push_back({extension->type, copy(extension->body)});
    }
  }
  if (fragment_at && *fragment_at != detail::fragment_header_index(extensions)) {
    extensions.insert(extensions.begin() + static_cast<std::ptrdiff_t>(*fragment_at), *fragment);
    ip.offset.reset();
    ip.mf.reset();
    ip.id.reset();
  }
  ip.protocol = walk.protocol();
  return walk.rest();
}

void read_ipv6(Bytes b, FrameSpec& frame) {
  if (b.size() < Ipv6Header::size) {
    frame.payload = copy(b);
    return;
  }
  const Ipv6Header header = read_ipv6_header(b);
  IpSpec& ip = frame.ip.emplace();
  ip.family = Family::v6;
  ip.version = header.version;
  set_tos(header.traffic_class, ip);
  ip.flow = header.flow;
  ip.length = static_cast<std::uint32_t>(Ipv6Header::size + header.payload_length);
  ip.ttl = header.hop_limit;
  ip.src = header.src;
  ip.dst = header.dst;
  const std::size_t end = std::min(Ipv6Header::size + header.payload_length, b.size());
  frame.trailer = copy(b.subspan(end));
  const Bytes payload = b.first(end).subspan(Ipv6Header::size);
  read_upper(read_extensions(header.next_header, payload, frame), frame);
}

}  // namespace

FrameSpec dissect(Bytes octets) {
  FrameSpec frame;
  const auto eth = EthernetView::parse(octets);
  if (!eth) {
    frame.payload = copy(octets);
    return frame;
  }
  frame.eth = EthernetSpec{eth->dst(), eth->src(), eth->type()};
  switch (eth->type()) {
    case ether_type::arp: read_arp(eth->payload(), frame); break;
    case ether_type::ipv4: read_ipv4(eth->payload(), frame); break;
    case ether_type::ipv6: read_ipv6(eth->payload(), frame); break;
    default: frame.payload = copy(eth->payload());
  }
  return frame;
}

}  // namespace tcproof::wire
