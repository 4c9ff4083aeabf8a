// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "generator/backend.h"
#include "generator/pacer.h"
#include "generator/tally.h"
#include "generator/template.h"

namespace tcproof::generator {

/// What all threads of one run share: who stops it, and how much was sent.
class Progress {
 public:
  explicit Progress(std::size_t streams) : sent_(streams), octets_(streams) {}

  void stop() { stopped_.store(true, std::memory_order_relaxed); }
  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }
  void add(std::size_t stream, std::uint64_t packets, std::uint64_t octets) {
    sent_[stream].fetch_add(packets, std::memory_order_relaxed);
    octets_[stream].fetch_add(octets, std::memory_order_relaxed);
  }
  std::uint64_t sent(std::size_t stream) const {
    return sent_[stream].load(std::memory_order_relaxed);
  }
  std::uint64_t octets(std::size_t stream) const {
    return octets_[stream].load(std::memory_order_relaxed);
  }

 private:
  std::atomic<bool> stopped_{false};
  std::vector<std::atomic<std::uint64_t>> sent_, octets_;
};

/// The clock that packets are due by.
Instant steady_clock();

/// One thread's part of a run: its turns of every stream, each when it is due.
class Engine {
 public:
  struct Share {
    std::uint64_t thread = 0;
    Turns turns;
  };
  /// All outlive the engine. Packets are due from `start` on, by steady_clock(); without a clock
  /// (`timed` false) nothing waits and the packets come in the order in which they are due.
  Engine(std::span<const CompiledStream> streams, Backend& backend, Progress& progress, Share share,
         Instant start, bool timed = true);

  /// Until every stream is through, the progress is stopped, or a call is refused.
  tl::expected<void, OsError> run();

 private:
  /// A stream as this thread sees it.
  struct Lane {
    Pacer pacer;
    std::uint64_t next = 0;  // the next packet of this thread
    std::uint64_t end = 0;   // packets of the stream
    std::optional<Duration> until;
    Duration due{};
    bool done = false;
  };
  void start_turn(Lane& lane, std::uint64_t packet);
  std::size_t first_due();
  std::uint64_t due_now(Lane& lane, Duration now);
  void advance(Lane& lane, std::uint64_t packets);
  bool wait_until(Duration due);
  Duration elapsed() const;
  std::uint64_t octets_of(std::size_t stream, std::uint64_t first, std::uint64_t count) const;
  tl::expected<void, OsError> send_some(std::size_t stream);

  std::span<const CompiledStream> streams_;
  Backend& backend_;
  Progress& progress_;
  Share share_;
  Instant start_;
  bool timed_;
  std::vector<Lane> lanes_;
  std::size_t last_ = 0;
};

/// Which packets are a stream's: the first of its count and its duration to end.
std::uint64_t packets_of(const CompiledStream& stream);

}  // namespace tcproof::generator
