// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/ipv4_fragment.h"

#include <algorithm>
#include <utility>

#include "stack/wire/checksum.h"

namespace tcproof::harness {
namespace {

constexpr std::size_t fixed_header = 20;
constexpr std::uint16_t more_fragments = 0x2000;
constexpr std::uint16_t offset_mask = 0x1fff;

// The header that every piece but the first gets: of the options only those that say so (RFC 791
// 3.1).
wire::Buffer header_of_the_rest(wire::Bytes header) {
  wire::Buffer out(header.begin(), header.begin() + fixed_header);
  std::size_t at = fixed_header;
  while (at < header.size() && header[at] != 0) {
    const std::size_t length =
        header[at] == 1 ? 1 : (at + 1 < header.size() ? std::size_t{header[at + 1]} : 0);
    if (length == 0 || at + length > header.size()) break;
    const bool copied = (header[at] & 0x80) != 0;
    if (copied)
      out.insert(out.end(), header.begin() + static_cast<std::ptrdiff_t>(at),
                 header.begin() + static_cast<std::ptrdiff_t>(at + length));
    at += length;
  }
  out.resize((out.size() + 3) / 4 * 4);
  out[0] = static_cast<std::uint8_t>(0x40 | out.size() / 4);
  return out;
}

}  // namespace

std::vector<wire::Buffer> fragment_ipv4(wire::Bytes packet, std::uint32_t mtu) {
  const std::size_t header_size = std::size_t{packet[0]} % 16 * 4;
  wire::Buffer header(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(header_size));
  wire::Bytes rest = packet.subspan(header_size);
  const std::uint16_t flags = wire::be16(packet, 6);
  const bool more_follow = (flags & more_fragments) != 0;
  std::uint32_t offset = flags & offset_mask;

  std::vector<wire::Buffer> pieces;
  while (!rest.empty()) {
    if (mtu < header.size() + 8) return {};
    const std::size_t room = (mtu - header.size()) / 8 * 8;
    const bool last = header.size() + rest.size() <= mtu;
    const wire::Bytes part = rest.first(last ? rest.size() : room);
    rest = rest.subspan(part.size());

    wire::Buffer piece = header;
    piece.insert(piece.end(), part.begin(), part.end());
    const std::uint32_t kept = flags & ~std::uint32_t{more_fragments | offset_mask};
    const std::uint32_t more = !last || more_follow ? more_fragments : 0U;
    wire::put16(piece, 2, static_cast<std::uint16_t>(piece.size()));
    wire::put16(piece, 6, static_cast<std::uint16_t>(kept | more | offset));
    wire::put16(piece, 10, 0);
    wire::put16(piece, 10, wire::internet_checksum(wire::Bytes(piece).first(header.size())));
    pieces.push_back(std::move(piece));

    if (offset == (flags & offset_mask)) header = header_of_the_rest(header);
    offset += static_cast<std::uint32_t>(part.size() / 8);
  }
  return pieces;
}

}  // namespace tcproof::harness
