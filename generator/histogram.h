// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace tcproof::generator {

/// Counts of values in buckets that are at most 1/16 of their value wide. Fixed size, so counting
/// allocates nothing.
class Histogram {
 public:
  static constexpr std::size_t buckets = 61 * 16;

  void add(std::uint64_t value) {
    ++counts_[bucket_of(value)];
    ++total_;
    if (value > largest_) largest_ = value;
    if (value < smallest_) smallest_ = value;
  }
  std::uint64_t total() const { return total_; }
  std::uint64_t largest() const { return largest_; }
  std::uint64_t smallest() const { return total_ == 0 ? 0 : smallest_; }
  std::uint64_t count(std::size_t bucket) const { return counts_[bucket]; }

  /// The value that `part` (0 to 1) of all values do not exceed, to 1/16; 0 without values.
  std::uint64_t quantile(double part) const {
    const auto wanted = static_cast<std::uint64_t>(part * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
      seen += counts_[i];
      if (seen > wanted || (seen == total_ && seen != 0)) {
        const std::uint64_t end = end_of(i);
        return end < largest_ ? end : largest_;
      }
    }
    return 0;
  }

  static constexpr std::size_t bucket_of(std::uint64_t value) {
    if (value < 16) return static_cast<std::size_t>(value);
    const auto width = static_cast<unsigned>(std::bit_width(value));  // 5..64
    return (width - 4) * 16 + static_cast<std::size_t>(value >> (width - 5) & 15);
  }
  /// The largest value of a bucket.
  static constexpr std::uint64_t end_of(std::size_t bucket) {
    if (bucket < 16) return bucket;
    const std::uint64_t shift = bucket / 16 - 1;
    return ((bucket % 16 + 16 + 1) << shift) - 1;
  }

 private:
  std::array<std::uint64_t, buckets> counts_{};
  std::uint64_t total_ = 0, largest_ = 0, smallest_ = ~std::uint64_t{0};
};

}  // namespace tcproof::generator
