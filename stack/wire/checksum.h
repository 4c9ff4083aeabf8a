// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "stack/wire/address.h"
#include "stack/wire/bytes.h"

namespace tcproof::wire {

/// The Internet checksum (RFC 1071), fed in pieces. A piece of odd length may only be the last.
class Checksum {
 public:
  constexpr Checksum& add(Bytes piece);
  constexpr Checksum& add16(std::uint16_t word);
  constexpr Checksum& add32(std::uint32_t word);
  /// IPv4 (RFC 9293 3.1) or IPv6 (RFC 8200 8.1) pseudo-header; `length` is the upper-layer length.
  constexpr Checksum& add_pseudo_header(const IpAddress& src, const IpAddress& dst,
                                        std::uint8_t protocol, std::uint32_t length);
  /// The value for the checksum field, in host order.
  constexpr std::uint16_t value() const;

 private:
  std::uint64_t sum_ = 0;
};

/// The checksum of one whole piece. 0 over data that holds a right checksum.
constexpr std::uint16_t internet_checksum(Bytes data);

/// Over pseudo-header and `segment`, whose checksum field is zero: the value for that field. With
/// the field as received: 0 if it is right. A UDP sum of 0 is sent as 0xffff, see udp.h.
constexpr std::uint16_t transport_checksum(const IpAddress& src, const IpAddress& dst,
                                           std::uint8_t protocol, Bytes segment);

/// RFC 1624, equation 3: the new checksum after one 16-bit word changed from `from` to `to`.
constexpr std::uint16_t update_checksum(std::uint16_t checksum, std::uint16_t from,
                                        std::uint16_t to);

namespace detail {
constexpr std::uint16_t fold(std::uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

/// Eight octets in the machine's order: a sum of 16-bit words may be taken in either order and
/// swapped at the end (RFC 1071 2 (B)), which spares a swap for every word.
constexpr std::uint64_t load64(const std::uint8_t* p) {
  if (std::is_constant_evaluated()) {
    struct Octets {
      std::uint8_t o[8];
    };
    return std::bit_cast<std::uint64_t>(Octets{p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]});
  }
  std::uint64_t word = 0;
  std::memcpy(&word, p, sizeof word);
  return word;
}

/// 64-bit words, the carries counted: 2^64 is one in the sum. Two of them side by side do not wait
/// for each other.
struct CarrySum {
  std::uint64_t sum = 0;
  std::uint64_t carries = 0;
  constexpr void add(std::uint64_t word) {
    sum += word;
    carries += sum < word ? 1 : 0;
  }
  constexpr std::uint64_t halves() const { return (sum & 0xffffffff) + (sum >> 32) + carries; }
};
}  // namespace detail

constexpr Checksum& Checksum::add(Bytes piece) {
  const std::uint8_t* p = piece.data();
  std::size_t left = piece.size();
  detail::CarrySum even;
  detail::CarrySum odd;
  for (; left >= 16; left -= 16, p += 16) {
    even.add(detail::load64(p));
    odd.add(detail::load64(p + 8));
  }
  if (left >= 8) {
    even.add(detail::load64(p));
    left -= 8;
    p += 8;
  }
  const std::uint16_t folded = detail::fold(even.halves() + odd.halves());
  sum_ += std::endian::native == std::endian::little
              ? static_cast<std::uint16_t>(folded << 8 | folded >> 8)
              : folded;
  for (; left >= 2; left -= 2, p += 2) sum_ += static_cast<std::uint32_t>(p[0] << 8 | p[1]);
  if (left == 1) sum_ += static_cast<std::uint32_t>(p[0] << 8);
  return *this;
}

constexpr Checksum& Checksum::add16(std::uint16_t word) {
  sum_ += word;
  return *this;
}

constexpr Checksum& Checksum::add32(std::uint32_t word) {
  sum_ += (word >> 16) + (word & 0xffff);
  return *this;
}

constexpr Checksum& Checksum::add_pseudo_header(const IpAddress& src, const IpAddress& dst,
                                                std::uint8_t protocol, std::uint32_t length) {
  return add(src.bytes()).add(dst.bytes()).add16(protocol).add32(length);
}

constexpr std::uint16_t Checksum::value() const {
  return static_cast<std::uint16_t>(~detail::fold(sum_));
}

constexpr std::uint16_t internet_checksum(Bytes data) {
  return Checksum().add(data).value();
}

constexpr std::uint16_t transport_checksum(const IpAddress& src, const IpAddress& dst,
                                           std::uint8_t protocol, Bytes segment) {
  const auto length = static_cast<std::uint32_t>(segment.size());
  return Checksum().add_pseudo_header(src, dst, protocol, length).add(segment).value();
}

constexpr std::uint16_t update_checksum(std::uint16_t checksum, std::uint16_t from,
                                        std::uint16_t to) {
  const auto not_checksum = static_cast<std::uint16_t>(~checksum);
  const auto not_from = static_cast<std::uint16_t>(~from);
  return Checksum().add16(not_checksum).add16(not_from).add16(to).value();
}

}  // namespace tcproof::wire
