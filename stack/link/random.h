// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace tcproof::link {

/// A seeded generator that gives the same numbers on every machine (SplitMix64), which the
/// distributions of the standard library do not promise.
class Random {
 public:
  constexpr explicit Random(std::uint64_t seed) : state_(seed) {}
  /// A seed of its own for everything that draws: the run's seed and what draws ("case id", "link
  /// name").
  static constexpr Random derived(std::uint64_t seed, std::string_view what) {
    std::uint64_t h = 0xcbf29ce484222325U ^ seed;
    for (const char c : what) h = (h ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
    return Random(h);
  }
  constexpr std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  /// 0 .. bound-1; bound is above 0.
  constexpr std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  /// [0, 1)
  constexpr double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  constexpr bool chance(double probability) { return unit() < probability; }

 private:
  std::uint64_t state_;
};

}  // namespace tcproof::link
