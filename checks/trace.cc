// SPDX-License-Identifier: Apache-2.0
#include "checks/trace.h"

#include <cassert>
#include <limits>

namespace tcproof::checks {

Instant time_of(const Event& event) {
  return std::visit([](const auto& e) { return e.at; }, event);
}

Span32 Trace::keep(wire::Bytes octets) {
  assert(pool_.size() + octets.size() <= std::numeric_limits<std::uint32_t>::max());
  const Span32 span{static_cast<std::uint32_t>(pool_.size()),
                    static_cast<std::uint32_t>(octets.size())};
  pool_.insert(pool_.end(), octets.begin(), octets.end());
  return span;
}

const Event& Trace::add(Event event) {
  return events_.emplace_back(std::move(event));
}

}  // namespace tcproof::checks
