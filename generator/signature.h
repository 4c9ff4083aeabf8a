// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "stack/wire/bytes.h"

namespace tcproof::generator {

/// The first octets of a signed packet's payload, so that the receiver can say what became of it:
///
///   0      2        4            10              18
///   | "tp" | stream | packet     | sent at, ns   |
///
/// Big endian. 18 octets are what a UDP frame of 60 octets has room for.
namespace signature {
inline constexpr std::size_t size = 18, stream_at = 2, packet_at = 4, stamp_at = 10;
inline constexpr std::uint16_t magic = 0x7470;
inline constexpr unsigned packet_bits = 48;
}  // namespace signature

struct Signature {
  std::uint16_t stream = 0;
  std::uint64_t packet = 0;
  std::uint64_t stamp = 0;  // CLOCK_REALTIME in nanoseconds; 0: the backend could not stamp it
};

/// Writes 18 octets to the front of `out`.
constexpr void emit(const Signature& what, wire::MutableBytes out) {
  wire::put16(out, 0, signature::magic);
  wire::put16(out, 2, what.stream);
  wire::put16(out, 4, static_cast<std::uint16_t>(what.packet >> 32));
  wire::put32(out, 6, static_cast<std::uint32_t>(what.packet));
  wire::put32(out, 10, static_cast<std::uint32_t>(what.stamp >> 32));
  wire::put32(out, 14, static_cast<std::uint32_t>(what.stamp));
}

/// `b` holds 18 octets that begin with the magic.
constexpr Signature signature_in(wire::Bytes b) {
  return {wire::be16(b, 2), std::uint64_t{wire::be16(b, 4)} << 32 | wire::be32(b, 6),
          std::uint64_t{wire::be32(b, 10)} << 32 | wire::be32(b, 14)};
}

}  // namespace tcproof::generator
