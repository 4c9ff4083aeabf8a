// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace tcproof::wire {

/// A TCP sequence number: arithmetic is modulo 2^32 (RFC 9293 3.4). There is no operator< on
/// purpose: "before" on a circle is not transitive, so it must not sort or key a map.
struct Seq {
  std::uint32_t value = 0;

  constexpr bool operator==(const Seq&) const = default;
  constexpr Seq& operator+=(std::uint32_t octets) {
    value += octets;
    return *this;
  }
};

constexpr Seq operator+(Seq a, std::uint32_t octets) {
  return {a.value + octets};
}
constexpr Seq operator-(Seq a, std::uint32_t octets) {
  return {a.value - octets};
}

/// How far `a` lies after `b`, -2^31 .. 2^31-1.
constexpr std::int32_t operator-(Seq a, Seq b) {
  return static_cast<std::int32_t>(a.value - b.value);
}

constexpr bool lt(Seq a, Seq b) {
  return a - b < 0;
}
constexpr bool leq(Seq a, Seq b) {
  return a - b <= 0;
}
constexpr bool gt(Seq a, Seq b) {
  return a - b > 0;
}
constexpr bool geq(Seq a, Seq b) {
  return a - b >= 0;
}

/// left =< seq < left + size, the form of RFC 9293's window tests.
constexpr bool in_window(Seq seq, Seq left, std::uint32_t size) {
  return seq.value - left.value < size;
}

}  // namespace tcproof::wire
