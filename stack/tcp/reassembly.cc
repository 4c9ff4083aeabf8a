// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/reassembly.h"

#include <algorithm>
#include <cassert>

namespace tcproof::tcp {

std::optional<Reassembly::Range> Reassembly::overlap(Range range) const {
  for (const Range& held : ranges()) {
    const Range part{std::max(held.begin, range.begin), std::min(held.end, range.end)};
    if (part.begin < part.end) return part;
  }
  return {};
}

bool Reassembly::add(Range range) {
  assert(range.begin < range.end);
  // [first, last) are the ranges that overlap or touch the new one.
  std::size_t first = 0;
  while (first < count_ && ranges_[first].end < range.begin) ++first;
  std::size_t last = first;
  while (last < count_ && ranges_[last].begin <= range.end) {
    range.begin = std::min(range.begin, ranges_[last].begin);
    range.end = std::max(range.end, ranges_[last].end);
    ++last;
  }
  if (first == last) {
    // What RCV.NXT waits for must find a place, or nothing would ever move again; the farthest
    // piece gives way and will be sent again, as it has not been acknowledged.
    if (count_ == max_ranges && range.begin == 0) --count_;
    if (count_ == max_ranges) return false;
    std::move_backward(ranges_.begin() + static_cast<std::ptrdiff_t>(first),
                       ranges_.begin() + static_cast<std::ptrdiff_t>(count_),
                       ranges_.begin() + static_cast<std::ptrdiff_t>(count_ + 1));
    ++count_;
  } else {
    std::move(ranges_.begin() + static_cast<std::ptrdiff_t>(last),
              ranges_.begin() + static_cast<std::ptrdiff_t>(count_),
              ranges_.begin() + static_cast<std::ptrdiff_t>(first + 1));
    count_ -= last - first - 1;
  }
  ranges_[first] = range;
  return true;
}

std::size_t Reassembly::contiguous() const {
  return count_ != 0 && ranges_[0].begin == 0 ? ranges_[0].end : 0;
}

void Reassembly::advance(std::size_t octets) {
  assert(octets == contiguous());
  if (octets == 0) return;
  std::ranges::transform(ranges().subspan(1), ranges_.begin(), [octets](const Range& range) {
    return Range{range.begin - octets, range.end - octets};
  });
  --count_;
}

}  // namespace tcproof::tcp
