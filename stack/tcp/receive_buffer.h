// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "stack/tcp/reassembly.h"
#include "stack/wire/bytes.h"

namespace tcproof::tcp {

/// What has been received and not yet read, and behind it, with holes, what came out of order: one
/// ring, so an octet is copied in once. Memory comes with the first octet and doubles when it must.
///
///    |<---------------- RCV.BUFF ---------------->|
///    | readable (RCV.USER) | RCV.NXT .. the window|
class ReceiveBuffer {
 public:
  /// `capacity`: RCV.BUFF in octets.
  explicit ReceiveBuffer(std::size_t capacity) : capacity_(capacity) {}

  std::size_t capacity() const { return capacity_; }
  /// At least what is readable or held out of order.
  void set_capacity(std::size_t capacity) { capacity_ = capacity; }
  std::size_t readable() const { return readable_; }
  std::size_t room() const { return capacity_ - readable_; }  // counted from RCV.NXT
  bool has_gap() const { return !out_of_order_.empty(); }
  /// The pieces behind the first gap, as offsets from RCV.NXT.
  const Reassembly& out_of_order() const { return out_of_order_; }

  /// Holds `text`, whose first octet is RCV.NXT + `offset`; it ends within room(). Octets that are
  /// already there stay (RFC 9293 3.10: the segment is reconstructed to contain just the new data).
  /// False: no place for one more piece.
  bool insert(std::size_t offset, wire::Bytes text);
  /// Makes readable what is in order; the octets RCV.NXT advances by.
  std::size_t advance();
  /// Takes up to out.size() octets; how many.
  std::size_t read(wire::MutableBytes out);
  /// Throws away what is readable; what came out of order stays.
  void discard();
  void clear();

 private:
  void write(std::size_t offset, wire::Bytes text);
  void grow(std::size_t needed);

  std::size_t capacity_;
  std::unique_ptr<std::uint8_t[]> ring_;
  std::size_t allocated_ = 0;
  std::size_t head_ = 0;  // index of the first readable octet
  std::size_t readable_ = 0;
  Reassembly out_of_order_;
};

}  // namespace tcproof::tcp
