// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/send_buffer.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace tcproof::tcp {
namespace {

constexpr std::size_t first_allocation = 4096;

}  // namespace

std::size_t SendBuffer::append(wire::Bytes text) {
  const std::size_t taken = std::min(text.size(), room());
  if (taken == 0) return 0;
  make_room_at_end(taken);
  std::memcpy(storage_.get() + end_, text.data(), taken);
  end_ += taken;
  return taken;
}

wire::Bytes SendBuffer::view(std::size_t offset, std::size_t length) const {
  assert(offset + length <= size());
  return {storage_.get() + begin_ + offset, length};
}

void SendBuffer::drop_front(std::size_t octets) {
  assert(octets <= size());
  begin_ += octets;
  if (begin_ == end_) begin_ = end_ = 0;
}

void SendBuffer::clear() {
  begin_ = end_ = 0;
}

void SendBuffer::make_room_at_end(std::size_t octets) {
  if (end_ + octets <= allocated_) return;
  const std::size_t used = size();
  // Moving down is worth it only when at least half is free: each octet then moves once on average.
  if (used + octets <= allocated_ / 2) {
    std::memmove(storage_.get(), storage_.get() + begin_, used);
  } else {
    // Twice what is in use, and so beyond `capacity_` at most by half of it, keeps moving rare when
    // full.
    const std::size_t wanted = std::max({first_allocation, allocated_, 2 * (used + octets)});
    auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(wanted);
    if (used != 0) std::memcpy(larger.get(), storage_.get() + begin_, used);
    storage_ = std::move(larger);
    allocated_ = wanted;
  }
  begin_ = 0;
  end_ = used;
}

}  // namespace tcproof::tcp
