// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>

#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/checksum.h"

namespace tcproof::wire {

/// The fixed header (RFC 791 3.1) as a value. The checksum is emitted as it stands; see
/// put_ipv4_checksum().
struct Ipv4Header {
  std::uint8_t version = 4;
  std::uint8_t ihl = 5;  // header length in words of four octets
  std::uint8_t tos = 0;
  std::uint16_t total_length = 0;
  std::uint16_t id = 0;
  bool reserved = false;
  bool df = false;
  bool mf = false;
  std::uint16_t offset = 0;  // in octets; the wire holds multiples of eight
  std::uint8_t ttl = 64;
  std::uint8_t protocol = 0;
  std::uint16_t checksum = 0;
  IpAddress src, dst;

  static constexpr std::size_t size = 20;
  bool operator==(const Ipv4Header&) const = default;
};

/// Reads the 20 octets of a fixed header, nothing judged; the caller has checked the length.
constexpr Ipv4Header read_ipv4_header(Bytes b) {
  const std::uint16_t fragment = be16(b, 6);
  return {static_cast<std::uint8_t>(b[0] >> 4),
          static_cast<std::uint8_t>(b[0] & 15),
          b[1],
          be16(b, 2),
          be16(b, 4),
          (fragment & 0x8000) != 0,
          (fragment & 0x4000) != 0,
          (fragment & 0x2000) != 0,
          static_cast<std::uint16_t>((fragment & 0x1fff) * 8),
          b[8],
          b[9],
          be16(b, 10),
          IpAddress::from(Family::v4, b.subspan(12)),
          IpAddress::from(Family::v4, b.subspan(16))};
}

/// A checked view: after parse() no accessor can fail.
class Ipv4View {
  struct at {
    static constexpr std::size_t version = 0, tos = 1, total_length = 2, id = 4, fragment = 6,
                                 ttl = 8, protocol = 9, checksum = 10, src = 12, dst = 16,
                                 options = 20;
  };

 public:
  /// Empty if the version is not 4, the IHL is below 5 or beyond the end, or the total length is
  /// below the header's or beyond the end. The checksum is not looked at.
  static constexpr std::optional<Ipv4View> parse(Bytes b) {
    const auto view = parse_quoted(b);
    if (!view || view->total_length() < view->header_size() || view->total_length() > b.size())
      return {};
    return view;
  }
  /// For a packet quoted in an ICMP message (RFC 792, RFC 1812 4.3.2.3): the total length may
  /// reach beyond the end, payload() is what is there of it.
  static constexpr std::optional<Ipv4View> parse_quoted(Bytes b) {
    if (b.size() < at::options) return {};
    const Ipv4View view(b);
    if (view.version() != 4 || view.ihl() < 5 || view.header_size() > b.size()) return {};
    return view;
  }
  constexpr std::uint8_t version() const { return b_[at::version] >> 4; }
  constexpr std::uint8_t ihl() const { return b_[at::version] & 15; }
  constexpr std::size_t header_size() const { return std::size_t{ihl()} * 4; }
  constexpr std::uint8_t tos() const { return b_[at::tos]; }
  constexpr std::uint8_t dscp() const { return tos() >> 2; }
  constexpr std::uint8_t ecn() const { return tos() & 3; }
  constexpr std::uint16_t total_length() const { return be16(b_, at::total_length); }
  constexpr std::uint16_t id() const { return be16(b_, at::id); }
  constexpr bool reserved() const { return (b_[at::fragment] & 0x80) != 0; }
  constexpr bool df() const { return (b_[at::fragment] & 0x40) != 0; }
  constexpr bool mf() const { return (b_[at::fragment] & 0x20) != 0; }
  /// In octets.
  constexpr std::uint16_t offset() const {
    return static_cast<std::uint16_t>((be16(b_, at::fragment) & 0x1fff) * 8);
  }
  constexpr bool is_fragment() const { return mf() || offset() != 0; }
  constexpr std::uint8_t ttl() const { return b_[at::ttl]; }
  constexpr std::uint8_t protocol() const { return b_[at::protocol]; }
  constexpr std::uint16_t checksum() const { return be16(b_, at::checksum); }
  constexpr bool header_checksum_ok() const {
    return internet_checksum(b_.first(header_size())) == 0;
  }
  constexpr IpAddress src() const { return IpAddress::from(Family::v4, b_.subspan(at::src)); }
  constexpr IpAddress dst() const { return IpAddress::from(Family::v4, b_.subspan(at::dst)); }
  constexpr Bytes options() const { return b_.subspan(at::options, header_size() - at::options); }
  /// Without what lies beyond the total length (Ethernet padding).
  constexpr Bytes payload() const { return packet().subspan(header_size()); }
  /// Header and payload, as far as they are there.
  constexpr Bytes packet() const {
    return b_.first(std::clamp<std::size_t>(total_length(), header_size(), b_.size()));
  }
  constexpr Ipv4Header header() const { return read_ipv4_header(b_); }

 private:
  constexpr explicit Ipv4View(Bytes b) : b_(b) {}
  Bytes b_;
};

/// Writes the 20 octets of `header` to the front of `out`; options are the caller's.
constexpr void emit(const Ipv4Header& header, MutableBytes out) {
  out[0] = static_cast<std::uint8_t>(header.version << 4 | (header.ihl & 15));
  out[1] = header.tos;
  put16(out, 2, header.total_length);
  put16(out, 4, header.id);
  put16(out, 6,
        static_cast<std::uint16_t>((header.reserved ? 0x8000 : 0) | (header.df ? 0x4000 : 0) |
                                   (header.mf ? 0x2000 : 0) | header.offset / 8));
  out[8] = header.ttl;
  out[9] = header.protocol;
  put16(out, 10, header.checksum);
  put_ip(out, 12, header.src, Family::v4);
  put_ip(out, 16, header.dst, Family::v4);
}

/// Sets the header checksum. `header` is all of the header, options included.
constexpr void put_ipv4_checksum(MutableBytes header) {
  put16(header, 10, 0);
  put16(header, 10, internet_checksum(header));
}

}  // namespace tcproof::wire
