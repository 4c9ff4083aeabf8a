// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/receive_buffer.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace tcproof::tcp {
namespace {

constexpr std::size_t first_allocation = 4096;

}  // namespace

bool ReceiveBuffer::insert(std::size_t offset, wire::Bytes text) {
  if (text.empty()) return true;
  assert(offset + text.size() <= room());
  const std::size_t end = offset + text.size();
  if (out_of_order_.empty()) {
    out_of_order_.add({offset, end});
    grow(readable_ + end);
    write(offset, text);
    return true;
  }
  const Reassembly before = out_of_order_;
  if (!out_of_order_.add({offset, end})) return false;
  grow(readable_ + end);
  std::size_t at = offset;  // everything of `text` before it is held
  const auto write_up_to = [&](std::size_t stop) {
    if (stop > at) write(at, text.subspan(at - offset, stop - at));
  };
  for (const Reassembly::Range& held : before.ranges()) {
    write_up_to(std::min(held.begin, end));
    at = std::max(at, held.end);
  }
  write_up_to(end);
  return true;
}

std::size_t ReceiveBuffer::advance() {
  const std::size_t octets = out_of_order_.contiguous();
  out_of_order_.advance(octets);
  readable_ += octets;
  return octets;
}

std::size_t ReceiveBuffer::read(wire::MutableBytes out) {
  const std::size_t octets = std::min(out.size(), readable_);
  if (octets == 0) return 0;
  const std::size_t first = std::min(octets, allocated_ - head_);
  std::memcpy(out.data(), ring_.get() + head_, first);
  std::memcpy(out.data() + first, ring_.get(), octets - first);
  head_ = (head_ + octets) % allocated_;
  readable_ -= octets;
  return octets;
}

void ReceiveBuffer::discard() {
  if (readable_ == 0) return;
  head_ = (head_ + readable_) % allocated_;
  readable_ = 0;
}

void ReceiveBuffer::clear() {
  head_ = readable_ = 0;
  out_of_order_.clear();
}

void ReceiveBuffer::write(std::size_t offset, wire::Bytes text) {
  const std::size_t at = (head_ + readable_ + offset) % allocated_;
  const std::size_t first = std::min(text.size(), allocated_ - at);
  std::memcpy(ring_.get() + at, text.data(), first);
  std::memcpy(ring_.get(), text.data() + first, text.size() - first);
}

void ReceiveBuffer::grow(std::size_t needed) {
  if (needed <= allocated_) return;
  const std::size_t wanted =
      std::min(capacity_, std::max({first_allocation, 2 * allocated_, needed}));
  auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(wanted);
  if (allocated_ != 0) {  // the whole old ring, holes included, unrolled
    std::memcpy(larger.get(), ring_.get() + head_, allocated_ - head_);
    std::memcpy(larger.get() + allocated_ - head_, ring_.get(), head_);
  }
  ring_ = std::move(larger);
  allocated_ = wanted;
  head_ = 0;
}

}  // namespace tcproof::tcp
