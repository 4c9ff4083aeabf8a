// SPDX-License-Identifier: Apache-2.0
#include "checks/reassembly.h"

#include <algorithm>

namespace tcproof::checks {
namespace {

bool same_packet(const wire::IpSpec& a, const wire::IpSpec& b) {
  // RFC 791 3.2 counts the protocol in; in IPv6 the fragment header's next header need not agree.
  return a.family == b.family && a.src == b.src && a.dst == b.dst && a.id == b.id &&
         (a.family == wire::Family::v6 || a.protocol == b.protocol);
}

/// The octets of all pieces, or empty if some are missing.
std::optional<wire::Buffer> joined(const std::vector<wire::FragmentPiece>& pieces,
                                   std::size_t size) {
  wire::Buffer octets(size);
  std::vector<bool> there(size, false);
  for (const wire::FragmentPiece& piece : pieces) {
    for (std::size_t i = 0; i < piece.data->size() && piece.offset + i < size; ++i) {
      const std::size_t at = piece.offset + i;
      if (!there[at]) octets[at] = (*piece.data)[i];
      there[at] = true;
    }
  }
  if (std::find(there.begin(), there.end(), false) != there.end()) return {};
  return octets;
}

}  // namespace

Reassembly::Packet& Reassembly::packet_of(LinkId link, const wire::FrameSpec& piece) {
  for (Packet& packet : packets_) {
    if (packet.link == link && same_packet(*packet.first.ip, *piece.ip)) return packet;
  }
  return packets_.emplace_back(Packet{link, piece, {}, {}});
}

std::optional<Reassembly::Whole> Reassembly::add(LinkId link, const wire::FrameSpec& piece) {
  Packet& packet = packet_of(link, piece);
  const std::uint16_t offset = piece.ip->offset.value_or(0);
  const bool more = piece.ip->mf.value_or(false);
  if (offset == 0) packet.first = piece;
  if (!more) packet.size = offset + piece.payload.size();
  packet.pieces.push_back(
      {static_cast<std::uint16_t>(piece.payload.size()), offset, more, piece.payload});
  if (!packet.size) return {};
  std::optional<wire::Buffer> octets = joined(packet.pieces, *packet.size);
  if (!octets) return {};

  wire::FrameSpec cut = packet.first;
  cut.payload = std::move(*octets);
  cut.trailer.clear();
  cut.ip->mf.reset();
  cut.ip->offset.reset();
  cut.ip->length.reset();
  cut.ip->checksum.reset();
  if (!cut.eth) cut.eth.emplace();
  Whole whole{wire::dissect(wire::emit(cut)), std::move(packet.pieces)};
  for (wire::FragmentPiece& one : whole.pieces) one.data.reset();
  packets_.erase(packets_.begin() + (&packet - packets_.data()));
  return whole;
}

std::size_t Reassembly::incomplete(LinkId link, const wire::MacAddress& from) const {
  std::size_t count = 0;
  for (const Packet& packet : packets_) {
    if (packet.link == link && packet.first.eth && packet.first.eth->src == from) {
      count += packet.pieces.size();
    }
  }
  return count;
}

}  // namespace tcproof::checks
