// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "checks/network.h"
#include "stack/link/random.h"
#include "stack/wire/bytes.h"
#include "stack/wire/time.h"

namespace tcproof::harness {

/// One direction of an impaired link: frames go in, and come out later, twice, changed or never.
/// The same seed and the same frames at the same times give the same outcome. No clock in here, so
/// that the simulated link and the one between two veth pairs are spoilt alike.
class Impairer {
 public:
  Impairer(const checks::Impairment& how, link::Random random) : how_(how), random_(random) {}

  /// A frame enters. Times never go back.
  void put(Instant now, wire::Buffer frame);
  /// A frame that must not be spoilt: it leaves after all that are inside.
  void put_unharmed(Instant now, wire::Buffer frame);
  /// When the next frame leaves; empty: none is inside.
  std::optional<Instant> next() const;
  /// The next frame that has left by `now`.
  std::optional<wire::Buffer> take(Instant now);
  std::size_t inside() const { return leaving_.size() + (held_ ? 1 : 0); }

 private:
  struct Leaving {
    Instant at;
    wire::Buffer frame;
  };
  std::optional<Duration> wait_in_queue(Instant now, std::size_t octets);
  void leave_after(Instant now, Duration delay, wire::Buffer frame);
  void release(Instant now);

  checks::Impairment how_;
  link::Random random_;
  std::deque<Leaving> leaving_;  // in order of time: only `reorder` changes the order of frames
  std::optional<Leaving> held_;  // waits for the next frame, which overtakes it, or for its time
  Instant sent_until_{};         // the sender's queue is empty then, if there is a rate
  std::vector<Instant> queued_;  // when each frame of that queue leaves
  Instant last_{};
};

}  // namespace tcproof::harness
