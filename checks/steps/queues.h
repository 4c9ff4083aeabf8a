// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "checks/timing.h"
#include "checks/transcript.h"

namespace tcproof::checks {

/// Where frames wait for steps, in the order sent: one queue a connection, one for the target's
/// other frames, one for each other host's own frames.
class Queues {
 public:
  using Id = std::size_t;
  struct Queue {
    std::deque<Sighting> frames;
    std::optional<Instant> last;            // of the last frame a step took
    std::optional<Interval> last_gap;       // between the last two
    std::optional<wire::FrameSpec> before;  // the last frame that was taken or ignored
  };

  explicit Queues(const Case& one_case);
  /// Finds the frame's place. Frames the tester sent, or that a router only forwards, have none.
  void add(const Sighting& sighting);

  Id of_connection(ConnId conn) const { return conn; }
  Id rest() const { return connections_; }
  Id of_host(HostId host) const { return connections_ + 1 + host; }
  /// The queue that an expectation of `step` takes from.
  Id of_step(const Step& step) const;
  /// The queues of the target's own frames.
  std::size_t target_queues() const { return connections_ + 1; }
  Queue& operator[](Id id) { return queues_[id]; }

  /// The copy, on another link, of a frame that the target sent; null if it has not passed there.
  const Sighting* passing(LinkId link, const Sighting& original) const;

 private:
  const Case& case_;
  std::size_t connections_;
  std::vector<Queue> queues_;
  std::vector<Sighting> forwarded_;
};

}  // namespace tcproof::checks
