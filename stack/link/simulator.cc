// SPDX-License-Identifier: Apache-2.0
#include "stack/link/simulator.h"

#include <cassert>
#include <utility>

namespace tcproof::link {

void Simulator::schedule(Instant at, Action action) {
  assert(at >= now_);
  events_.push({at, scheduled_++, std::move(action)});
}

std::optional<Instant> Simulator::next_event() const {
  if (events_.empty()) return {};
  return events_.top().at;
}

void Simulator::advance(Instant to) {
  assert(to >= now_);
  while (!events_.empty() && events_.top().at <= to) {
    // The queue orders by time and number alone, so the action may leave before the entry does: it
    // can schedule into the same queue while it runs.
    Entry entry = std::move(const_cast<Entry&>(events_.top()));
    events_.pop();
    now_ = entry.at;
    entry.action();
  }
  now_ = to;
}

}  // namespace tcproof::link
