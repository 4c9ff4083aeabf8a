// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

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

/// RFC 1624, equation 3: the new checksum after one 16-bit word changed from `from` to `to`.
constexpr std::uint16_t update_checksum(std::uint16_t checksum, std::uint16_t from,
                                        std::uint16_t to);

}  // namespace tcproof::wire

