// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/sender.h"

#include <algorithm>

#include "stack/ip/options_v4.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/numbers.h"

namespace tcproof::ip {
namespace {

using wire::Bytes;
using wire::EthernetHeader;
using wire::Family;
using wire::FragmentView;
using wire::IpAddress;
using wire::Ipv4Header;
using wire::Ipv6Header;
using wire::MutableBytes;

constexpr std::size_t longest_v4_header = 60;
constexpr std::size_t headroom = EthernetHeader::size + longest_v4_header;

std::size_t header_size(const Outgoing& packet) {
  return packet.dst.family == Family::v4 ? Ipv4Header::size + packet.options.size()
                                         : std::size_t{Ipv6Header::size};
}

}  // namespace

Sender::Sender(const Interface& interface, const Paths& paths, Arp& arp, Nd& nd, FrameSink& sink,
               std::uint64_t secret)
    : interface_(interface),
      paths_(paths),
      arp_(arp),
      nd_(nd),
      sink_(sink),
      secret_(secret),
      id_v4_(static_cast<std::uint16_t>(secret >> 16)),
      id_v6_(static_cast<std::uint32_t>(secret >> 32)) {}

MutableBytes Sender::payload(std::size_t size) {
  size_ = size;
  buffer_.resize(std::max(buffer_.size(), headroom + size));
  return MutableBytes(buffer_).subspan(headroom, size);
}

std::uint32_t Sender::path_mtu(const IpAddress& dst) const {
  const std::uint32_t link_mtu = interface_.link_mtu(dst.family);
  if (paths_.discovery) return paths_.mtu.get(dst, link_mtu);
  return dst.family == Family::v4 ? link_mtu : std::min(link_mtu, PathMtu::floor_v6);
}

Sent Sender::send(const Outgoing& packet, Instant now) {
  const auto next_hop = paths_.routes.next_hop(packet.dst);
  if (!next_hop || !interface_.has(packet.dst.family) || interface_.is_ours(packet.dst))
    return Sent::no_route;
  const std::size_t whole = header_size(packet) + size_;
  const std::uint32_t mtu = path_mtu(packet.dst);
  if (whole <= mtu) return send_whole(packet, *next_hop, now);
  if (whole > 65535) return Sent::too_long;
  return send_fragments(packet, mtu, *next_hop, now);
}

Sent Sender::send_whole(const Outgoing& packet, const IpAddress& next_hop, Instant now) {
  const std::size_t ip_header = header_size(packet);
  const auto frame = MutableBytes(buffer_)
                         .subspan(headroom - ip_header - EthernetHeader::size)
                         .first(EthernetHeader::size + ip_header + size_);
  const MutableBytes octets = frame.subspan(EthernetHeader::size);
  if (packet.dst.family == Family::v4) {
    write_v4(octets, packet,
             {.id = ++id_v4_,
              .df = packet.df && paths_.mtu.may_set_df(packet.dst),
              .options = packet.options});
  } else {
    write_v6(octets, packet, packet.protocol);
  }
  transmit(frame, packet.dst, next_hop, now);
  return Sent::ok;
}

/// RFC 791 3.2, RFC 8200 4.5. RFC 6864 4.3: one counter for all destinations repeats an
/// identification only after 65536 packets.
Sent Sender::send_fragments(const Outgoing& packet, std::uint32_t mtu, const IpAddress& next_hop,
                            Instant now) {
  const bool v4 = packet.dst.family == Family::v4;
  const std::size_t head = header_size(packet) + (v4 ? 0 : FragmentView::size);
  const std::size_t room = (mtu - head) / 8 * 8;
  const OptionsV4 copied = copied_options(packet.options);
  const std::uint16_t id_v4 = v4 ? ++id_v4_ : std::uint16_t{0};
  if (!v4) ++id_v6_;
  for (std::size_t offset = 0; offset < size_; offset += room) {
    const std::size_t piece = std::min(room, size_ - offset);
    const bool more = offset + piece < size_;
    const Bytes options = offset == 0 ? packet.options : copied.bytes();
    const std::size_t piece_head = v4 ? Ipv4Header::size + options.size() : head;
    fragment_.resize(EthernetHeader::size + piece_head + piece);
    const MutableBytes frame(fragment_);
    const MutableBytes octets = frame.subspan(EthernetHeader::size);
    std::ranges::copy(MutableBytes(buffer_).subspan(headroom + offset, piece),
                      octets.subspan(piece_head).begin());
    if (v4) {
      write_v4(octets, packet,
               {.id = id_v4, .offset = offset, .more = more, .df = false, .options = options});
    } else {
      write_v6(octets, packet, wire::ip_protocol::fragment);
      wire::emit_fragment_header(packet.protocol, static_cast<std::uint16_t>(offset), more, id_v6_,
                                 octets.subspan(Ipv6Header::size));
    }
    transmit(frame, packet.dst, next_hop, now);
  }
  return Sent::ok;
}

void Sender::write_v4(MutableBytes packet, const Outgoing& about, const Piece& piece) const {
  const std::size_t head = Ipv4Header::size + piece.options.size();
  Ipv4Header header;
  header.ihl = static_cast<std::uint8_t>(head / 4);
  header.tos = about.tos;
  header.total_length = static_cast<std::uint16_t>(packet.size());
  header.id = piece.id;
  header.df = piece.df;
  header.mf = piece.more;
  header.offset = static_cast<std::uint16_t>(piece.offset);
  header.ttl = about.ttl.value_or(interface_.ttl);
  header.protocol = about.protocol;
  header.src = interface_.v4->address;
  header.dst = about.dst;
  wire::emit(header, packet);
  std::ranges::copy(piece.options, packet.subspan(Ipv4Header::size).begin());
  wire::put_ipv4_checksum(packet.first(head));
}

void Sender::write_v6(MutableBytes packet, const Outgoing& about, std::uint8_t next_header) const {
  Ipv6Header header;
  header.traffic_class = about.tos;
  header.flow = flow_label(about);
  header.payload_length = static_cast<std::uint16_t>(packet.size() - Ipv6Header::size);
  header.next_header = next_header;
  header.hop_limit = about.ttl.value_or(interface_.hop_limit);
  header.src = interface_.v6->address;
  header.dst = about.dst;
  wire::emit(header, packet);
}

/// RFC 6437 3: the same for all packets of a flow, and nothing that an observer of one flow could
/// tell about another. What does not belong to a flow has label 0.
std::uint32_t Sender::flow_label(const Outgoing& about) const {
  const bool has_ports =
      about.protocol == wire::ip_protocol::tcp || about.protocol == wire::ip_protocol::udp;
  if (!has_ports || size_ < 4) return 0;
  const auto mix = [](std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
  };
  const Bytes dst(about.dst.octets);
  const auto word = [&](std::size_t at) {
    return std::uint64_t{wire::be32(dst, at)} << 32 | wire::be32(dst, at + 4);
  };
  std::uint64_t h = mix(secret_ ^ word(0));
  h = mix(h ^ word(8));
  h = mix(h ^ (std::uint64_t{about.protocol} << 32 | wire::be32(buffer_, headroom)));
  return static_cast<std::uint32_t>(h >> 44);
}

void Sender::transmit(MutableBytes frame, const IpAddress& dst, const IpAddress& next_hop,
                      Instant now) {
  const bool v4 = dst.family == Family::v4;
  wire::emit(
      EthernetHeader{{}, interface_.mac, v4 ? wire::ether_type::ipv4 : wire::ether_type::ipv6},
      frame);
  if (dst.is_multicast() || interface_.is_broadcast(dst)) {
    wire::put_mac(frame, 0, dst.is_multicast() ? wire::multicast_mac(dst) : wire::mac_broadcast);
    return sink_.frame(frame);
  }
  if (v4) return arp_.send(frame, next_hop, now);
  nd_.send(frame, next_hop, now);
}

}  // namespace tcproof::ip
