// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "stack/wire/bytes.h"

namespace tcproof::tcp {

/// The octets of SEND that are not acknowledged yet, oldest first. Any part of them is one
/// contiguous piece, so that a segment is a view. Memory comes with the first octet and grows by
/// doubling up to what is in use; in steady state nothing is allocated.
class SendBuffer {
 public:
  /// `capacity`: octets it takes at most.
  explicit SendBuffer(std::size_t capacity) : capacity_(capacity) {}

  std::size_t size() const { return end_ - begin_; }
  std::size_t room() const { return capacity_ > size() ? capacity_ - size() : 0; }
  /// What is queued already stays.
  void set_capacity(std::size_t capacity) { capacity_ = capacity; }
  bool empty() const { return begin_ == end_; }

  /// Takes as much of `text` as there is room; says how much.
  std::size_t append(wire::Bytes text);
  /// `length` octets from the `offset`th on; they are there. Valid until the next change.
  wire::Bytes view(std::size_t offset, std::size_t length) const;
  /// The first `octets` are acknowledged.
  void drop_front(std::size_t octets);
  void clear();

 private:
  void make_room_at_end(std::size_t octets);

  std::size_t capacity_;
  std::unique_ptr<std::uint8_t[]> storage_;
  std::size_t allocated_ = 0;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace tcproof::tcp
