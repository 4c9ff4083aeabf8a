// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

#include "generator/template.h"
#include "stack/link/packet_socket.h"
#include "stack/wire/bytes.h"

namespace tcproof::generator {

using link::OsError;

/// Puts packets of compiled streams somewhere, a whole batch a call. One backend serves one thread.
class Backend {
 public:
  virtual ~Backend() = default;
  /// Packets first .. first+count-1 of stream `stream`; count is at least 1 and at most batch().
  /// Returns how many were handed over: fewer than `count` means that the rest may be tried again.
  virtual tl::expected<std::uint64_t, OsError> send(std::size_t stream, std::uint64_t first,
                                                    std::uint64_t count) = 0;
  /// The most packets that one call takes.
  virtual std::uint64_t batch() const = 0;
};

/// Slots for a batch of one stream, contiguous and prepared once.
class SlotRing {
 public:
  SlotRing(const CompiledStream& stream, std::size_t count);
  CompiledStream::Slot& operator[](std::size_t i) { return slots_[i]; }
  std::size_t size() const { return slots_.size(); }

 private:
  wire::Buffer room_;
  std::vector<CompiledStream::Slot> slots_;
};

}  // namespace tcproof::generator
