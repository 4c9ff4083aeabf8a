// SPDX-License-Identifier: Apache-2.0
#include "generator/backend.h"

namespace tcproof::generator {

SlotRing::SlotRing(const CompiledStream& stream, std::size_t count) {
  // Slots begin on cache lines of their own.
  const std::size_t stride = (std::size_t{stream.largest()} + 63) / 64 * 64;
  room_.resize(stride * count);
  for (std::size_t i = 0; i < count; ++i) {
    slots_.push_back({room_.data() + i * stride, 0});
    stream.prepare(slots_.back());
  }
}

}  // namespace tcproof::generator
