// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tcproof::tcp {

/// Which octets beyond RCV.NXT are already held: disjoint, sorted ranges of offsets, where 0 is
/// RCV.NXT. The octets themselves lie in the receive buffer. Bounded: an attacker's many small
/// pieces cost no memory.
class Reassembly {
 public:
  struct Range {
    std::size_t begin = 0, end = 0;
    bool operator==(const Range&) const = default;
  };
  static constexpr std::size_t max_ranges = 32;

  bool empty() const { return count_ == 0; }
  std::size_t count() const { return count_; }
  const Range& operator[](std::size_t i) const { return ranges_[i]; }
  std::span<const Range> ranges() const { return std::span(ranges_).first(count_); }

  /// The first part of `range` that is held already; empty if none is.
  std::optional<Range> overlap(Range range) const;
  /// Adds `range` and merges what touches. False, and nothing is changed, if there is no place for
  /// one more; a range that begins at 0 takes the place of the last one.
  bool add(Range range);
  /// RCV.NXT can advance by this much: the length of the range that begins at 0.
  std::size_t contiguous() const;
  /// RCV.NXT has advanced by `octets`, which is contiguous().
  void advance(std::size_t octets);
  void clear() { count_ = 0; }

 private:
  std::array<Range, max_ranges> ranges_{};
  std::size_t count_ = 0;
};

}  // namespace tcproof::tcp
