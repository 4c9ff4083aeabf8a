// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>

namespace tcproof::stack {

/// The connections of a server's port that nobody has accepted: half open, in SYN-RECEIVED, and
/// waiting, ESTABLISHED or beyond, the oldest first. Both together are bounded, so that a flood of
/// SYNs costs a known amount of memory and a completed handshake always finds its place.
class Backlog {
 public:
  using Id = std::uint32_t;

  explicit Backlog(std::uint32_t limit) : limit_(limit) {}

  bool full() const { return half_open_.size() + waiting_.size() >= limit_; }
  void begin(Id id) { half_open_.insert(id); }
  void complete(Id id) {
    if (half_open_.erase(id) != 0) waiting_.push_back(id);
  }
  void remove(Id id) {
    if (half_open_.erase(id) == 0) std::erase(waiting_, id);
  }
  /// 0: none.
  Id take() {
    if (waiting_.empty()) return 0;
    const Id id = waiting_.front();
    waiting_.pop_front();
    return id;
  }
  /// One of them, whichever stage; 0: none.
  Id any() const {
    if (!half_open_.empty()) return *half_open_.begin();
    return waiting_.empty() ? 0 : waiting_.front();
  }

 private:
  std::uint32_t limit_;
  std::set<Id> half_open_;
  std::deque<Id> waiting_;
};

}  // namespace tcproof::stack
