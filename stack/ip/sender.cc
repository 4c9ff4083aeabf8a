// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/sender.h"

#include <algorithm>

#include "stack/wire/ethernet.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/numbers.h"

namespace tcproof::ip {
namespace {

using wire::EthernetHeader;
using wire::Family;
using wire::FragmentView;
using wire::IpAddress;
using wire::Ipv4Header;
using wire::Ipv6Header;
using wire::MutableBytes;

constexpr std::size_t headroom = EthernetHeader::size + Ipv6Header::size;

constexpr std::size_t header_size(Family family) {
  return family == Family::v4 ? Ipv4Header::size : Ipv6Header::size;
}

}  // namespace

Sender::Sender(const Interface& interface, Arp& arp, Nd& nd, FrameSink& sink, std::uint64_t secret)
    : interface_(interface),
      arp_(arp),
      nd_(nd),
      sink_(sink),
      id_v4_(static_cast<std::uint16_t>(secret >> 16)),
      id_v6_(static_cast<std::uint32_t>(secret >> 32)) {}

MutableBytes Sender::payload(std::size_t size) {
  size_ = size;
  if (buffer_.size() < headroom + size) buffer_.resize(headroom + size);
  return MutableBytes(buffer_).subspan(headroom, size);
}

Sent Sender::send(const Outgoing& packet, Instant now) {
  const auto next_hop = interface_.next_hop(packet.dst);
  if (!next_hop || interface_.is_ours(packet.dst)) return Sent::no_route;
  const std::size_t whole = header_size(packet.dst.family) + size_;
  if (whole <= interface_.mtu) return send_whole(packet, *next_hop, now);
  if (packet.df || whole > 65535) return Sent::too_long;
  return send_fragments(packet, *next_hop, now);
}

Sent Sender::send_whole(const Outgoing& packet, const IpAddress& next_hop, Instant now) {
  const std::size_t ip_header = header_size(packet.dst.family);
  const auto frame = MutableBytes(buffer_)
                         .subspan(headroom - ip_header - EthernetHeader::size)
                         .first(EthernetHeader::size + ip_header + size_);
  const MutableBytes octets = frame.subspan(EthernetHeader::size);
  if (packet.dst.family == Family::v4) {
    write_v4(octets, packet, next_id_v4(), 0, false);
  } else {
    write_v6(octets, packet, packet.protocol);
  }
  transmit(frame, packet.dst, next_hop, now);
  return Sent::ok;
}

Sent Sender::send_fragments(const Outgoing& packet, const IpAddress& next_hop, Instant now) {
  const bool v4 = packet.dst.family == Family::v4;
  const std::size_t head = header_size(packet.dst.family) + (v4 ? 0 : FragmentView::size);
  const std::size_t room = (interface_.mtu - head) / 8 * 8;
  const std::uint16_t id_v4 = v4 ? next_id_v4() : std::uint16_t{0};
  if (!v4) ++id_v6_;
  for (std::size_t offset = 0; offset < size_; offset += room) {
    const std::size_t piece = std::min(room, size_ - offset);
    const bool more = offset + piece < size_;
    fragment_.resize(EthernetHeader::size + head + piece);
    const MutableBytes frame(fragment_);
    const MutableBytes octets = frame.subspan(EthernetHeader::size);
    std::ranges::copy(MutableBytes(buffer_).subspan(headroom + offset, piece),
                      octets.subspan(head).begin());
    if (v4) {
      write_v4(octets, packet, id_v4, offset, more);
    } else {
      write_v6(octets, packet, wire::ip_protocol::fragment);
      wire::emit_fragment_header(packet.protocol, static_cast<std::uint16_t>(offset), more, id_v6_,
                                 octets.subspan(Ipv6Header::size));
    }
    transmit(frame, packet.dst, next_hop, now);
  }
  return Sent::ok;
}

void Sender::write_v4(MutableBytes packet, const Outgoing& about, std::uint16_t id,
                      std::size_t offset, bool more) const {
  Ipv4Header header;
  header.tos = about.tos;
  header.total_length = static_cast<std::uint16_t>(packet.size());
  header.id = id;
  header.df = about.df;
  header.mf = more;
  header.offset = static_cast<std::uint16_t>(offset);
  header.ttl = about.ttl;
  header.protocol = about.protocol;
  header.src = interface_.v4->address;
  header.dst = about.dst;
  wire::emit(header, packet);
  wire::put_ipv4_checksum(packet.first(Ipv4Header::size));
}

void Sender::write_v6(MutableBytes packet, const Outgoing& about, std::uint8_t next_header) const {
  Ipv6Header header;
  header.traffic_class = about.tos;
  header.payload_length = static_cast<std::uint16_t>(packet.size() - Ipv6Header::size);
  header.next_header = next_header;
  header.hop_limit = about.ttl;
  header.src = interface_.v6->address;
  header.dst = about.dst;
  wire::emit(header, packet);
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

/// RFC 6864 4.3: one counter for all destinations repeats only after 65536 packets. Packets that
/// may be fragmented on their way need that; for atomic ones any value is right.
std::uint16_t Sender::next_id_v4() {
  return ++id_v4_;
}

}  // namespace tcproof::ip
