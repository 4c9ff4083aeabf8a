// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/numbers.h"

namespace tcproof::wire {

/// The eight octets that all ICMP messages of both families start with (RFC 792, RFC 4443 2.1).
/// The checksum is emitted as it stands.
struct IcmpHeader {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint16_t checksum = 0;
  std::uint32_t word = 0;  // the second word; its meaning depends on the type

  static constexpr std::size_t size = 8;
  bool operator==(const IcmpHeader&) const = default;
};

/// A checked view: after parse() no accessor can fail.
class IcmpView {
 public:
  /// Empty if fewer than eight octets are there.
  static constexpr std::optional<IcmpView> parse(Bytes b) {
    if (b.size() < IcmpHeader::size) return {};
    return IcmpView(b);
  }
  constexpr std::uint8_t type() const { return b_[0]; }
  constexpr std::uint8_t code() const { return b_[1]; }
  constexpr std::uint16_t checksum() const { return be16(b_, 2); }
  // Readings of the second word; which one holds follows from the type.
  constexpr std::uint32_t word() const { return be32(b_, 4); }
  constexpr std::uint16_t id() const { return be16(b_, 4); }
  constexpr std::uint16_t seq() const { return be16(b_, 6); }
  constexpr std::uint16_t mtu_v4() const { return be16(b_, 6); }
  constexpr std::uint32_t mtu_v6() const { return word(); }
  constexpr std::uint8_t pointer_v4() const { return b_[4]; }
  constexpr std::uint32_t pointer_v6() const { return word(); }
  constexpr IpAddress gateway() const { return IpAddress::from(Family::v4, b_.subspan(4)); }
  /// What follows the eight octets: echo data or the quoted packet.
  constexpr Bytes body() const { return b_.subspan(IcmpHeader::size); }
  /// The whole message, which the checksum covers.
  constexpr Bytes message() const { return b_; }
  constexpr IcmpHeader header() const { return {type(), code(), checksum(), word()}; }

 private:
  constexpr explicit IcmpView(Bytes b) : b_(b) {}
  Bytes b_;
};

/// Whether a message of `type` reports an error: RFC 1122 3.2.2 lists those of IPv4, where a redirect
/// is one; RFC 4443 2.1 keeps the lower half of the numbers for those of IPv6.
constexpr bool is_icmp_error(Family family, std::uint8_t type) {
  if (family == Family::v6) return type < 128;
  switch (type) {
    case icmp_type::unreachable:
    case icmp_type::source_quench:
    case icmp_type::redirect:
    case icmp_type::time_exceeded:
    case icmp_type::parameter_problem: return true;
    default: return false;
  }
}

/// Writes eight octets to the front of `out`.
constexpr void emit(const IcmpHeader& header, MutableBytes out) {
  out[0] = header.type;
  out[1] = header.code;
  put16(out, 2, header.checksum);
  put32(out, 4, header.word);
}

}  // namespace tcproof::wire
