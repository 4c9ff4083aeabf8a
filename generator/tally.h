// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "generator/histogram.h"
#include "generator/template.h"
#include "stack/wire/bytes.h"

namespace tcproof::generator {

/// What a receiver knows of one stream. Only a signed stream can say more than how many came.
struct Received {
  std::uint64_t frames = 0;  // all that came, duplicates and corrupted ones included
  std::uint64_t octets = 0;
  std::uint64_t duplicated = 0;  // came before
  std::uint64_t reordered = 0;   // came after a later one of the same thread
  std::uint64_t corrupted = 0;   // signed, but a checksum that was right is wrong
  Histogram latency;             // ns, from the signature's stamp to the kernel's receive time
  Histogram gaps;                // ns, from one frame to the next

  /// Packets of which at least one whole copy came.
  std::uint64_t whole() const { return frames - duplicated - corrupted; }
};

/// Who may have sent packet k of a stream: threads take turns of so many packets, so order is only
/// kept within a thread.
struct Turns {
  std::uint64_t threads = 1;
  std::uint64_t packets = 64;
};

/// Sorts received frames by stream and counts. A signed frame says itself what it is; another is
/// known by the octets that do not vary.
class Tally {
 public:
  /// `streams` outlives the tally.
  Tally(std::span<const CompiledStream> streams, Turns turns);
  ~Tally();
  Tally(Tally&&) noexcept;

  /// `at` is the receive time on CLOCK_REALTIME, ns; `length` that of the frame on the wire, of
  /// which `octets` may be the beginning.
  void take(wire::Bytes octets, std::uint32_t length, std::uint64_t at);

  std::span<const Received> streams() const { return received_; }
  /// Frames of no stream.
  std::uint64_t foreign() const { return foreign_; }

 private:
  struct Seen;
  struct Unsigned;
  bool take_signed(wire::Bytes octets, std::uint32_t length, std::uint64_t at);
  void arrived(std::size_t stream, std::uint32_t length, std::uint64_t at);
  void place(std::size_t stream, std::uint64_t packet);
  bool whole(const CompiledStream& stream, wire::Bytes octets) const;

  std::span<const CompiledStream> compiled_;
  Turns turns_;
  std::vector<Received> received_;
  std::vector<std::uint64_t> last_at_;
  std::vector<std::size_t> signature_offsets_;
  std::vector<Seen> seen_;          // per stream and thread
  std::vector<Unsigned> unsigned_;  // per unsigned stream
  std::uint64_t foreign_ = 0;
};

}  // namespace tcproof::generator
