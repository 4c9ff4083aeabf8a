// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "generator/variation.h"

namespace tcproof::generator {

/// Division by a number that is known long before. The processor's own division of 64 bits costs as
/// much as a good part of a system call, and every varying field of every packet would pay for one.
class Divisor {
 public:
  struct Divided {
    std::uint64_t quotient = 0, remainder = 0;
  };
  /// `by` is at least 1.
  explicit Divisor(std::uint64_t by) : by_(by), reciprocal_(~std::uint64_t{0} / by) {}

  std::uint64_t by() const { return by_; }
  Divided divide(std::uint64_t n) const {
    // The reciprocal is cut off, so the product is right or one too small.
    __extension__ using Wide = unsigned __int128;
    auto quotient = static_cast<std::uint64_t>(Wide{n} * reciprocal_ >> 64);
    std::uint64_t remainder = n - quotient * by_;
    if (remainder >= by_) {
      remainder -= by_;
      ++quotient;
    }
    return {quotient, remainder};
  }

 private:
  std::uint64_t by_, reciprocal_;
};

/// The number of a packet in each way of counting: indexed by Per.
using PacketIndex = std::array<std::uint64_t, 3>;
inline PacketIndex index_of(std::uint64_t packet, const Divisor& flows) {
  const auto [round, flow] = flows.divide(packet);
  return {packet, flow, round};
}

/// A Variation for the hot loop: value() is what value_at() says.
class Steps {
 public:
  explicit Steps(const Variation& how)
      : kind_(how.kind),
        per_(how.per),
        endless_(how.count == 0),
        from_(how.from),
        step_(how.step),
        seed_(how.seed),
        every_(how.every),
        count_(how.kind == Variation::Kind::list ? how.values.size()
               : how.count == 0                  ? 1
                                                 : how.count),
        values_(how.values) {}

  std::uint64_t value(const PacketIndex& packet) const {
    std::uint64_t index = packet[static_cast<std::size_t>(per_)];
    if (every_.by() != 1) index = every_.divide(index).quotient;
    switch (kind_) {
      case Variation::Kind::constant: return from_;
      case Variation::Kind::increment: return from_ + within(index) * step_;
      case Variation::Kind::list: return values_[count_.divide(index).remainder];
      case Variation::Kind::random: return from_ + within(mix(seed_ + (index + 1) * golden));
    }
    return 0;
  }

 private:
  std::uint64_t within(std::uint64_t n) const { return endless_ ? n : count_.divide(n).remainder; }

  Variation::Kind kind_;
  Per per_;
  bool endless_;
  std::uint64_t from_, step_, seed_;
  Divisor every_, count_;
  std::vector<std::uint64_t> values_;
};

}  // namespace tcproof::generator
