// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

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
  /// Beyond the bound the entry heard of longest ago goes, one at rest before all others.
  Entry& find_or_make(const wire::IpAddress& address) {
    if (Entry* found = find(address)) return *found;
    if (entries_.size() == max_entries) {
      entries_.erase(std::ranges::min_element(entries_, {}, [](const auto& one) {
        return std::pair(one.second.due.has_value(), one.second.heard);
      }));
    }
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
