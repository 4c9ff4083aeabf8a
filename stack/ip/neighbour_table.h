// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <unordered_map>

#include "stack/ip/address_hash.h"
#include "stack/wire/time.h"

namespace tcproof::ip {

/// The neighbours that ARP or neighbour discovery knows, by address, bounded, with the earliest
/// deadline of all. `Entry` has `heard`, when the neighbour last told us anything, and `due`, when
/// something is to be done about it; empty: it is at rest.
template <class Entry>
class NeighbourTable {
 public:
  using Map = std::unordered_map<wire::IpAddress, Entry, AddressHash>;
  static constexpr std::size_t max_entries = 512;

  Entry* find(const wire::IpAddress& address) {
    const auto found = entries_.find(address);
    return found == entries_.end() ? nullptr : &found->second;
  }
  const Entry* find(const wire::IpAddress& address) const {
    const auto found = entries_.find(address);
    return found == entries_.end() ? nullptr : &found->second;
  }
  /// Beyond the bound the entry heard of longest ago goes, unless something is under way with it.
  Entry& find_or_make(const wire::IpAddress& address) {
    if (Entry* found = find(address)) return *found;
    if (entries_.size() < max_entries) return entries_[address];
    auto oldest = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      if (at->second.due) continue;
      if (oldest == entries_.end() || at->second.heard < oldest->second.heard) oldest = at;
    }
    entries_.erase(oldest == entries_.end() ? entries_.begin() : oldest);
    return entries_[address];
  }
  void clear() {
    entries_.clear();
    next_deadline_.reset();
  }

  Map& entries() { return entries_; }
  std::optional<Instant> next_deadline() const { return next_deadline_; }
  bool is_due(Instant now) const { return next_deadline_ && *next_deadline_ <= now; }
  /// After every change of a `due`.
  void reschedule() {
    next_deadline_.reset();
    for (const auto& [address, entry] : entries_) {
      if (entry.due && (!next_deadline_ || *entry.due < *next_deadline_))
        next_deadline_ = entry.due;
    }
  }

 private:
  Map entries_;
  std::optional<Instant> next_deadline_;
};

}  // namespace tcproof::ip
