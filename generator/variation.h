// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace tcproof::generator {

/// What a value counts with: every packet, the packet's flow (k mod flows), or the round over all
/// flows (k div flows).
enum class Per : std::uint8_t { packet, flow, round };

/// How a number changes from packet to packet. A pure function of the packet's number, so packets
/// can be made in any order, by any thread, and again.
struct Variation {
  enum class Kind : std::uint8_t { constant, increment, list, random };
  Kind kind = Kind::constant;
  Per per = Per::packet;
  std::uint64_t from = 0;   // the constant; the first value; the lowest random one
  std::uint64_t step = 1;   // of increment
  std::uint64_t count = 0;  // so many values, then again from the first; 0: all that 64 bits hold
  std::uint64_t every = 1;  // the value stays for so many
  std::uint64_t seed = 0;   // of random
  std::vector<std::uint64_t> values;  // of list, not empty

  static Variation constant(std::uint64_t value) { return {.from = value}; }
  bool is_constant() const { return kind == Kind::constant; }
};

/// SplitMix64's output function over a counter: random numbers with random access.
constexpr std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}
inline constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;

/// The value at packet `k` of a stream with `flows` flows (at least one).
inline std::uint64_t value_at(const Variation& how, std::uint64_t k, std::uint64_t flows) {
  std::uint64_t index = k;
  if (how.per == Per::flow) index = k % flows;
  if (how.per == Per::round) index = k / flows;
  if (how.every != 1) index /= how.every;
  switch (how.kind) {
    case Variation::Kind::constant: return how.from;
    case Variation::Kind::increment:
      return how.from + (how.count != 0 ? index % how.count : index) * how.step;
    case Variation::Kind::list: return how.values[index % how.values.size()];
    case Variation::Kind::random: {
      const std::uint64_t drawn = mix(how.seed + (index + 1) * golden);
      return how.from + (how.count != 0 ? drawn % how.count : drawn);
    }
  }
  return 0;
}

/// The smallest and the largest value that may come up.
struct Bounds {
  std::uint64_t low = 0, high = 0;
};
Bounds bounds_of(const Variation& how);

}  // namespace tcproof::generator
