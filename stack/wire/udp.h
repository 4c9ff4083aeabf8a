// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "stack/wire/bytes.h"

namespace tcproof::wire {

/// RFC 768. The checksum is emitted as it stands.
struct UdpHeader {
  std::uint16_t src_port = 0;
  std::uint16_t dst_port = 0;
  std::uint16_t length = 0;  // header and data, in octets
  std::uint16_t checksum = 0;

  static constexpr std::size_t size = 8;
  bool operator==(const UdpHeader&) const = default;
};

/// A checked view: after parse() no accessor can fail.
class UdpView {
 public:
  /// Empty if fewer than eight octets are there or the length is below 8 or beyond the end.
  static constexpr std::optional<UdpView> parse(Bytes b) {
    const auto view = parse_header(b);
    if (!view || view->length() < UdpHeader::size || view->length() > b.size()) return {};
    return view;
  }
  /// The length is not judged; data() is what is there of it. For quoted datagrams.
  static constexpr std::optional<UdpView> parse_header(Bytes b) {
    if (b.size() < UdpHeader::size) return {};
    return UdpView(b);
  }
  constexpr std::uint16_t src_port() const { return be16(b_, 0); }
  constexpr std::uint16_t dst_port() const { return be16(b_, 2); }
  constexpr std::uint16_t length() const { return be16(b_, 4); }
  /// 0: the sender made none.
  constexpr std::uint16_t checksum() const { return be16(b_, 6); }
  /// Header and data, without what lies beyond the length: what the checksum covers.
  constexpr Bytes datagram() const {
    const std::size_t said = length() < UdpHeader::size ? UdpHeader::size : length();
    return b_.first(said < b_.size() ? said : b_.size());
  }
  constexpr Bytes data() const { return datagram().subspan(UdpHeader::size); }
  constexpr UdpHeader header() const { return {src_port(), dst_port(), length(), checksum()}; }

 private:
  constexpr explicit UdpView(Bytes b) : b_(b) {}
  Bytes b_;
};

/// Writes eight octets to the front of `out`.
constexpr void emit(const UdpHeader& header, MutableBytes out) {
  put16(out, 0, header.src_port);
  put16(out, 2, header.dst_port);
  put16(out, 4, header.length);
  put16(out, 6, header.checksum);
}

/// A sum of zero goes out as all ones, since zero means "none" (RFC 768).
constexpr std::uint16_t udp_checksum_on_wire(std::uint16_t sum) {
  return sum == 0 ? 0xffff : sum;
}

}  // namespace tcproof::wire
