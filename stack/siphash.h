// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "stack/wire/bytes.h"

namespace tcproof::stack {

/// SipHash-2-4 (Aumasson and Bernstein, 2012): a short keyed hash. Who does not know the key can
/// neither foresee a value nor choose inputs that collide.
class SipHash {
 public:
  constexpr SipHash(std::uint64_t key0, std::uint64_t key1)
      : start_{key0 ^ 0x736f6d6570736575U, key1 ^ 0x646f72616e646f6dU, key0 ^ 0x6c7967656e657261U,
               key1 ^ 0x7465646279746573U} {}

  constexpr std::uint64_t operator()(wire::Bytes data) const {
    State v = start_;
    std::size_t at = 0;
    for (; at + 8 <= data.size(); at += 8) compress(v, little_endian(data, at, 8));
    compress(v,
             little_endian(data, at, data.size() - at) | std::uint64_t{data.size() & 0xff} << 56);
    v[2] ^= 0xff;
    for (int i = 0; i < 4; ++i) round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
  }

 private:
  using State = std::array<std::uint64_t, 4>;

  static constexpr std::uint64_t little_endian(wire::Bytes b, std::size_t at, std::size_t count) {
    std::uint64_t word = 0;
    if (!std::is_constant_evaluated() && std::endian::native == std::endian::little && count > 0) {
      std::memcpy(&word, b.data() + at, count);
      return word;
    }
    for (std::size_t i = 0; i < count; ++i) word |= std::uint64_t{b[at + i]} << (8 * i);
    return word;
  }
  static constexpr void round(State& v) {
    v[0] += v[1];
    v[2] += v[3];
    v[1] = std::rotl(v[1], 13) ^ v[0];
    v[3] = std::rotl(v[3], 16) ^ v[2];
    v[0] = std::rotl(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = std::rotl(v[1], 17) ^ v[2];
    v[3] = std::rotl(v[3], 21) ^ v[0];
    v[2] = std::rotl(v[2], 32);
  }
  static constexpr void compress(State& v, std::uint64_t word) {
    v[3] ^= word;
    round(v);
    round(v);
    v[0] ^= word;
  }

  State start_;
};

}  // namespace tcproof::stack
