// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "stack/wire/time.h"

namespace tcproof::link {

/// A virtual clock and the events that wait for it. Events of one instant run in the order they
/// were scheduled, so a run is the same every time.
class Simulator {
 public:
  using Action = std::function<void()>;

  Instant now() const { return now_; }
  /// `at` is not before now().
  void schedule(Instant at, Action action);
  std::optional<Instant> next_event() const;
  /// Moves the clock to `to`, running every event up to and at it, those included that they
  /// schedule.
  void advance(Instant to);

 private:
  struct Entry {
    Instant at;
    std::uint64_t order;
    Action action;
  };
  struct Later {
    bool operator()(const Entry& a, const Entry& b) const {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };
  Instant now_{};
  std::uint64_t scheduled_ = 0;
  std::priority_queue<Entry, std::vector<Entry>, Later> events_;
};

}  // namespace tcproof::link
