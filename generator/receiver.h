// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "generator/backend.h"
#include "generator/tally.h"

namespace tcproof::generator {

/// What a receiver has so far.
struct Snapshot {
  std::vector<Received> streams;
  std::uint64_t foreign = 0;
  std::uint64_t dropped = 0;  // frames that came to the receiver's queue and found no room
  bool details = true;        // false: only frames and octets were counted
};

/// Takes frames off an interface in a thread of its own until it is stopped.
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual Snapshot snapshot() = 0;
  /// Frames so far: what a live line needs.
  virtual std::uint64_t frames() = 0;
  /// Why it ended by itself, if it did.
  virtual std::optional<OsError> failure() = 0;
  /// Takes what is still queued and ends the thread.
  virtual void stop() = 0;
  /// What dropped() counts, as its documentation calls it.
  virtual std::string drop_counter() const = 0;
};

/// A TPACKET_V3 ring on `interface`, in the calling thread's network namespace: every frame is
/// looked at. `streams` outlives the receiver.
tl::expected<std::unique_ptr<Receiver>, OsError> make_tpacket_receiver(
    const std::string& interface, std::span<const CompiledStream> streams, Turns turns);

}  // namespace tcproof::generator
