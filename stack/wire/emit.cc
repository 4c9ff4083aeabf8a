// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cassert>

#include "stack/wire/arp.h"
#include "stack/wire/checksum.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/frame.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/nd.h"
#include "stack/wire/numbers.h"
#include "stack/wire/udp.h"

namespace tcproof::wire {

namespace {

constexpr std::uint16_t local_experiment = 0x88b5;  // IEEE 802, EtherType for experiments

MutableBytes grow(Buffer& out, std::size_t octets) {
  const std::size_t at = out.size();
  out.resize(at + octets);
  return MutableBytes(out).subspan(at);
}

void append(Buffer& out, Bytes octets) {
  out.insert(out.end(), octets.begin(), octets.end());
}

/// Zeros until the octets from `start` on are a multiple of `unit`.
void pad(Buffer& out, std::size_t start, std::size_t unit) {
  out.resize(start + (out.size() - start + unit - 1) / unit * unit, 0);
}

std::uint16_t checksum_on_wire(const std::optional<ChecksumSpec>& spec, std::uint16_t right) {
  if (!spec) return right;
  if (const auto* number = std::get_if<std::uint16_t>(&*spec)) return *number;
  return right ^ 1;
}

IpAddress address_of(const std::optional<IpAddress>& address, Family family) {
  return address ? IpAddress::from(family, address->octets) : IpAddress{family, {}};
}

std::uint8_t protocol_of(const FrameSpec& spec) {
  if (spec.ip && spec.ip->protocol) return *spec.ip->protocol;
  if (spec.tcp) return ip_protocol::tcp;
  if (spec.udp) return ip_protocol::udp;
  if (spec.icmp) return ip_protocol::icmp;
  if (spec.icmpv6 || spec.nd) return ip_protocol::icmpv6;
  return ip_protocol::experiment;
}

std::uint8_t ttl_of(const FrameSpec& spec) {
  return spec.ip->ttl.value_or(spec.nd ? 255 : 64);  // RFC 4861 7.1: neighbours check for 255
}

std::uint8_t tos_of(const IpSpec& ip) {
  unsigned tos = ip.tos.value_or(0);
  if (ip.dscp) tos = (tos & 3) | static_cast<unsigned>(*ip.dscp) << 2;
  if (ip.ecn) tos = (tos & 0xfc) | (*ip.ecn & 3u);
  return static_cast<std::uint8_t>(tos);
}

std::uint16_t ether_type_of(const FrameSpec& spec) {
  if (spec.arp) return ether_type::arp;
  if (spec.ip) return spec.ip->family == Family::v4 ? ether_type::ipv4 : ether_type::ipv6;
  const int version = spec.payload.empty() ? 0 : spec.payload[0] >> 4;
  if (version == 4) return ether_type::ipv4;
  return version == 6 ? ether_type::ipv6 : local_experiment;
}

void append_ethernet(const FrameSpec& spec, Buffer& out) {
  const EthernetSpec& eth = *spec.eth;
  emit(EthernetHeader{eth.dst.value_or(MacAddress{}), eth.src.value_or(MacAddress{}),
                      eth.type.value_or(ether_type_of(spec))},
       grow(out, EthernetHeader::size));
}

void append_arp(const ArpSpec& arp, Buffer& out) {
  const ArpHeader usual;
  emit(ArpHeader{arp.htype.value_or(usual.htype), arp.ptype.value_or(usual.ptype),
                 arp.hlen.value_or(usual.hlen), arp.plen.value_or(usual.plen),
                 arp.op.value_or(usual.op), arp.sha.value_or(MacAddress{}),
                 address_of(arp.spa, Family::v4), arp.tha.value_or(MacAddress{}),
                 address_of(arp.tpa, Family::v4)},
       grow(out, ArpHeader::size));
}

/// Length and checksum are patched when the payload is there.
void append_ipv4(const FrameSpec& spec, Buffer& out) {
  const IpSpec& ip = *spec.ip;
  const std::size_t start = out.size();
  grow(out, Ipv4Header::size);
  append(out, ip.options);
  pad(out, start, 4);
  Ipv4Header header;
  header.version = ip.version.value_or(4);
  header.ihl = ip.ihl.value_or(static_cast<std::uint8_t>((out.size() - start) / 4));
  header.tos = tos_of(ip);
  header.id = static_cast<std::uint16_t>(ip.id.value_or(0));
  header.reserved = ip.reserved.value_or(false);
  header.df = ip.df.value_or(false);
  header.mf = ip.mf.value_or(false);
  header.offset = ip.offset.value_or(0);
  header.ttl = ttl_of(spec);
  header.protocol = protocol_of(spec);
  header.src = address_of(ip.src, Family::v4);
  header.dst = address_of(ip.dst, Family::v4);
  emit(header, MutableBytes(out).subspan(start));
}

std::size_t size_on_wire(const Extension& extension) {
  const std::size_t head = extension.type == ip_protocol::fragment ? 1 : 2;
  return (head + extension.body.size() + 7) / 8 * 8;
}

void append_extension(const Extension& extension, std::uint8_t next, Buffer& out) {
  const std::size_t start = out.size();
  out.push_back(next);
  const bool has_length = extension.type != ip_protocol::fragment;
  if (has_length) out.push_back(0);
  append(out, extension.body);
  pad(out, start, 8);
  if (has_length) out[start + 1] = static_cast<std::uint8_t>((out.size() - start) / 8 - 1);
}

/// The length is patched when the payload is there.
void append_ipv6(const FrameSpec& spec, Buffer& out) {
  const IpSpec& ip = *spec.ip;
  const std::span<const Extension> extensions =
      ip.extensions ? std::span<const Extension>(*ip.extensions) : std::span<const Extension>();
  const bool fragment = ip.offset || ip.mf;
  const std::size_t fragment_at = detail::fragment_header_index(extensions);
  const auto type_at = [&](std::size_t i) {
    return i < extensions.size() ? extensions[i].type : protocol_of(spec);
  };
  Ipv6Header header;
  header.version = ip.version.value_or(6);
  header.traffic_class = tos_of(ip);
  header.flow = ip.flow.value_or(0);
  header.next_header = fragment && fragment_at == 0 ? ip_protocol::fragment : type_at(0);
  header.hop_limit = ttl_of(spec);
  header.src = address_of(ip.src, Family::v6);
  header.dst = address_of(ip.dst, Family::v6);
  emit(header, grow(out, Ipv6Header::size));
  for (std::size_t i = 0; i <= extensions.size(); ++i) {
    if (fragment && i == fragment_at) {
      emit_fragment_header(type_at(i), ip.offset.value_or(0), ip.mf.value_or(false),
                           ip.id.value_or(0), grow(out, FragmentView::size));
    }
    if (i == extensions.size()) break;
    const bool fragment_follows = fragment && i + 1 == fragment_at;
    append_extension(extensions[i], fragment_follows ? ip_protocol::fragment : type_at(i + 1), out);
  }
}

void append_tcp(const TcpSpec& tcp, Buffer& out) {
  const std::size_t start = out.size();
  grow(out, TcpHeader::size);
  append(out, tcp.options);
  pad(out, start, 4);
  TcpHeader header;
  header.src_port = tcp.src_port.value_or(0);
  header.dst_port = tcp.dst_port.value_or(0);
  header.seq = tcp.seq.value_or(Seq{});
  header.ack = tcp.ack.value_or(Seq{});
  header.offset_words = tcp.offset.value_or(static_cast<std::uint8_t>((out.size() - start) / 4));
  header.reserved = tcp.reserved.value_or(0);
  header.flags = tcp.flags.value_or(TcpFlags{});
  header.window = tcp.window.value_or(0);
  header.urgent = tcp.urgent.value_or(0);
  emit(header, MutableBytes(out).subspan(start));
}

void append_udp(const UdpSpec& udp, std::size_t payload, Buffer& out) {
  const auto length = static_cast<std::uint16_t>(UdpHeader::size + payload);
  emit(UdpHeader{udp.src_port.value_or(0), udp.dst_port.value_or(0), udp.length.value_or(length)},
       grow(out, UdpHeader::size));
}

/// The second word. Whatever is set is written at its place; a part of it may lie over another.
std::uint32_t icmp_word(const IcmpSpec& icmp, Family family) {
  std::uint32_t word = static_cast<std::uint32_t>(icmp.id.value_or(0)) << 16 | icmp.seq.value_or(0);
  const bool v4 = family == Family::v4;
  if (icmp.mtu) word = v4 ? (word & 0xffff0000) | (*icmp.mtu & 0xffff) : *icmp.mtu;
  if (icmp.pointer) word = v4 ? (word & 0xffffff) | *icmp.pointer << 24 : *icmp.pointer;
  if (icmp.gateway && v4) word = be32(icmp.gateway->octets, 0);
  return word;
}

void append_icmp(const IcmpSpec& icmp, Family family, Buffer& out) {
  const bool v4 = family == Family::v4;
  const std::uint8_t type = icmp.type.value_or(v4 ? icmp_type::echo : icmpv6_type::echo_request);
  emit(IcmpHeader{type, icmp.code.value_or(0), 0, icmp_word(icmp, family)},
       grow(out, IcmpHeader::size));
  const bool timestamps = type == icmp_type::timestamp || type == icmp_type::timestamp_reply ||
                          icmp.originate || icmp.receive || icmp.transmit;
  if (!v4 || !timestamps) return;
  const MutableBytes times = grow(out, 12);
  put32(times, 0, icmp.originate.value_or(0));
  put32(times, 4, icmp.receive.value_or(0));
  put32(times, 8, icmp.transmit.value_or(0));
}

void append_lla(std::uint8_t type, const std::optional<MacAddress>& mac, Buffer& out) {
  if (!mac) return;
  const MutableBytes option = grow(out, 8);
  option[0] = type;
  option[1] = 1;
  put_mac(option, 2, *mac);
}

void append_nd_options(const NdSpec& nd, Buffer& out) {
  if (nd.options) {
    append(out, *nd.options);
    return;
  }
  append_lla(nd_option::source_lla, nd.source_lla, out);
  append_lla(nd_option::target_lla, nd.target_lla, out);
  if (nd.mtu) {
    const MutableBytes option = grow(out, 8);
    option[0] = nd_option::mtu;
    option[1] = 1;
    put32(option, 4, *nd.mtu);
  }
  if (nd.prefix) {
    const MutableBytes option = grow(out, 32);
    option[0] = nd_option::prefix;
    option[1] = 4;
    option[2] = nd.prefix->length;
    option[3] = 0xc0;           // on-link and autonomous, with the lifetimes of RFC 4861 6.2.1
    put32(option, 4, 2592000);  // valid, seconds
    put32(option, 8, 604800);   // preferred, seconds
    put_ip(option, 16, nd.prefix->address, Family::v6);
  }
}

void append_nd(const NdSpec& nd, Buffer& out) {
  const std::uint8_t type = nd.type.value_or(icmpv6_type::neighbor_solicitation);
  // A type that is none of ours gets the solicitation's layout.
  const std::size_t known = NdView::fixed_size(type);
  const MutableBytes fixed = grow(out, known == 0 ? 24 : known);
  fixed[0] = type;
  fixed[1] = nd.code.value_or(0);
  if (type == icmpv6_type::router_advertisement) {
    fixed[4] = nd.hop_limit.value_or(0);
    put16(fixed, 6, nd.lifetime.value_or(0));
  } else if (type == icmpv6_type::neighbor_advertisement) {
    fixed[4] = static_cast<std::uint8_t>((nd.router.value_or(false) ? 0x80 : 0) |
                                         (nd.solicited.value_or(false) ? 0x40 : 0) |
                                         (nd.override_.value_or(false) ? 0x20 : 0));
  }
  if (fixed.size() >= 24) put_ip(fixed, 8, address_of(nd.target, Family::v6), Family::v6);
  if (fixed.size() >= 40) put_ip(fixed, 24, address_of(nd.destination, Family::v6), Family::v6);
  append_nd_options(nd, out);
}

void append_upper(const FrameSpec& spec, Buffer& out) {
  if (spec.tcp) append_tcp(*spec.tcp, out);
  if (spec.udp) append_udp(*spec.udp, spec.payload.size(), out);
  if (spec.icmp) append_icmp(*spec.icmp, Family::v4, out);
  if (spec.icmpv6) append_icmp(*spec.icmpv6, Family::v6, out);
  if (spec.nd) append_nd(*spec.nd, out);
}

/// Only ICMP for IPv4 has no pseudo-header (RFC 792; RFC 4443 2.3).
std::uint16_t right_checksum(const FrameSpec& spec, Bytes segment) {
  if (spec.icmp) return internet_checksum(segment);
  const Family family = spec.ip ? spec.ip->family : Family::v4;
  const IpAddress src = address_of(spec.ip ? spec.ip->src : std::nullopt, family);
  const IpAddress dst = address_of(spec.ip ? spec.ip->dst : std::nullopt, family);
  return transport_checksum(src, dst, protocol_of(spec), segment);
}

std::uint16_t udp_checksum(const UdpSpec& udp, std::uint16_t right) {
  const std::uint16_t sum = checksum_on_wire(udp.checksum, udp_checksum_on_wire(right));
  // A wrong sum of zero would say "none" and be accepted, so another bit makes it wrong.
  const bool bad = udp.checksum && std::holds_alternative<BadChecksum>(*udp.checksum);
  return bad && sum == 0 ? 3 : sum;
}

void patch_upper_checksum(const FrameSpec& spec, MutableBytes segment) {
  if (!spec.tcp && !spec.udp && !spec.icmp && !spec.icmpv6 && !spec.nd) return;
  const std::uint16_t right = right_checksum(spec, segment);
  if (spec.tcp) put16(segment, 16, checksum_on_wire(spec.tcp->checksum, right));
  if (spec.udp) put16(segment, 6, udp_checksum(*spec.udp, right));
  if (spec.icmp) put16(segment, 2, checksum_on_wire(spec.icmp->checksum, right));
  if (spec.icmpv6) put16(segment, 2, checksum_on_wire(spec.icmpv6->checksum, right));
  if (spec.nd) put16(segment, 2, checksum_on_wire(spec.nd->checksum, right));
}

void patch_ip(const IpSpec& ip, std::size_t header_size, MutableBytes packet) {
  const auto length =
      static_cast<std::uint32_t>(ip.length.value_or(static_cast<std::uint32_t>(packet.size())));
  if (ip.family == Family::v6) {
    put16(packet, 4, static_cast<std::uint16_t>(length - Ipv6Header::size));
    return;
  }
  put16(packet, 2, static_cast<std::uint16_t>(length));
  // A receiver sums as many words as the IHL says. Where it can, the right sum is the one for it.
  std::size_t summed = std::size_t{packet[0]} % 16 * 4;
  if (summed < Ipv4Header::size || summed > packet.size()) summed = header_size;
  put16(packet, 10, checksum_on_wire(ip.checksum, internet_checksum(packet.first(summed))));
}

/// The IP packet (or what stands in its place without one); returns where the upper layer starts.
std::size_t append_packet(const FrameSpec& spec, Buffer& out) {
  const std::size_t start = out.size();
  if (spec.arp) {
    append_arp(*spec.arp, out);
  } else if (spec.ip) {
    spec.ip->family == Family::v4 ? append_ipv4(spec, out) : append_ipv6(spec, out);
  }
  const std::size_t upper = out.size();
  if (!spec.arp) append_upper(spec, out);
  append(out, spec.payload);
  if (spec.arp) return upper;
  patch_upper_checksum(spec, MutableBytes(out).subspan(upper));
  if (spec.ip) patch_ip(*spec.ip, upper - start, MutableBytes(out).subspan(start));
  return upper;
}

}  // namespace

std::size_t detail::fragment_header_index(std::span<const Extension> extensions) {
  std::size_t index = 0;
  for (std::size_t i = 0; i < extensions.size(); ++i) {
    const std::uint8_t type = extensions[i].type;
    if (type == ip_protocol::hop_by_hop || type == ip_protocol::routing) index = i + 1;
  }
  return index;
}

bool FrameSpec::is_fragment() const {
  if (!ip) return false;
  if (ip->mf.value_or(false) || ip->offset.value_or(0) / 8 != 0) return true;
  if (ip->family == Family::v4 || !ip->extensions) return false;
  for (const Extension& extension : *ip->extensions) {
    if (extension.type == ip_protocol::fragment && extension.body.size() >= 3 &&
        (be16(extension.body, 1) & 0xfff9) != 0)
      return true;
  }
  return false;
}

void emit_into(const FrameSpec& spec, Buffer& out) {
  out.clear();
  if (spec.eth) append_ethernet(spec, out);
  append_packet(spec, out);
  append(out, spec.trailer);
}

Buffer emit(const FrameSpec& spec) {
  Buffer out;
  emit_into(spec, out);
  return out;
}

std::vector<Buffer> emit_fragments(const FrameSpec& spec, std::span<const FragmentPiece> pieces,
                                   std::uint32_t id) {
  assert(spec.ip);
  // The whole packet without a fragment header; its headers up to the cut are made anew for each
  // piece, the octets behind the cut are shared out.
  FrameSpec whole = spec;
  whole.ip->mf.reset();
  whole.ip->offset.reset();
  FrameSpec piece;
  piece.eth = spec.eth;
  piece.ip = spec.ip;
  piece.ip->id = spec.ip->id.value_or(id);
  piece.ip->ttl = ttl_of(spec);
  piece.ip->protocol = protocol_of(spec);
  Buffer octets;
  std::size_t cut = append_packet(whole, octets);
  if (spec.ip->family == Family::v6 && spec.ip->extensions) {
    auto& kept = *piece.ip->extensions;
    const std::size_t index = detail::fragment_header_index(kept);
    if (index < kept.size()) piece.ip->protocol = kept[index].type;
    cut = Ipv6Header::size;
    kept.resize(index);
    for (const Extension& extension : kept) cut += size_on_wire(extension);
  }
  const Bytes payload = Bytes(octets).subspan(cut);
  std::vector<Buffer> frames;
  for (const FragmentPiece& p : pieces) {
    piece.ip->mf = p.more;
    piece.ip->offset = p.offset;
    if (p.data) {
      piece.payload = *p.data;
    } else {
      const Bytes from = payload.subspan(std::min<std::size_t>(p.offset, payload.size()));
      const Bytes there = from.first(std::min<std::size_t>(p.size, from.size()));
      piece.payload.assign(there.begin(), there.end());
      piece.payload.resize(p.size, 0);
    }
    frames.push_back(emit(piece));
  }
  return frames;
}

}  // namespace tcproof::wire
