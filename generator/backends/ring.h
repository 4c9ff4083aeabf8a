// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "generator/backend.h"

namespace tcproof::generator {

/// Takes a batch of frames where it is made: an embedded stack, a file, a test. One call a batch.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  /// The frames' octets are valid during the call only. They are packets first, first+1, ... of
  /// `stream`.
  virtual void take(std::size_t stream, std::uint64_t first,
                    std::span<const wire::Bytes> frames) = 0;
};

/// Packets made in a ring of slots in memory and given to `sink` in the same thread. `streams` and
/// `sink` outlive the backend. `stamped`: signatures carry the time, as on a wire.
std::unique_ptr<Backend> make_ring(std::span<const CompiledStream> streams, FrameSink& sink,
                                   bool stamped);

}  // namespace tcproof::generator
