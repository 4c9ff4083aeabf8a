// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "stack/wire/time.h"

namespace tcproof::stack {

/// Where an item stands in a Deadlines heap; a member `deadline` of the item.
struct DeadlinePlace {
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  std::size_t at = nowhere;
};

/// One deadline an item, the earliest at hand: a binary heap whose items know their place, so that
/// moving a deadline costs log n and allocates nothing once the heap has grown. Equal deadlines
/// come out in the order of `Item::id`, which keeps runs alike.
template <class Item>
class Deadlines {
 public:
  /// Sets, moves or (empty) removes the deadline of `item`, which outlives its place here.
  void set(Item& item, std::optional<Instant> due) {
    if (!due) return remove(item);
    if (item.deadline.at == DeadlinePlace::nowhere) {
      item.deadline.at = heap_.size();
      heap_.push_back({*due, &item});
      return up(item.deadline.at);
    }
    const std::size_t at = item.deadline.at;
    if (heap_[at].due == *due) return;
    heap_[at].due = *due;
    up(at);
    down(item.deadline.at);
  }
  void remove(Item& item) {
    const std::size_t at = item.deadline.at;
    if (at == DeadlinePlace::nowhere) return;
    item.deadline.at = DeadlinePlace::nowhere;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (at == heap_.size()) return;
    put(at, last);
    up(at);
    down(last.item->deadline.at);
  }
  std::optional<Instant> next() const {
    if (heap_.empty()) return {};
    return heap_.front().due;
  }
  Item& front() const { return *heap_.front().item; }
  std::size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    Instant due;
    Item* item;
  };
  static bool before(const Entry& a, const Entry& b) {
    return a.due != b.due ? a.due < b.due : a.item->id < b.item->id;
  }
  void put(std::size_t at, const Entry& entry) {
    heap_[at] = entry;
    entry.item->deadline.at = at;
  }
  void swap(std::size_t a, std::size_t b) {
    const Entry entry = heap_[a];
    put(a, heap_[b]);
    put(b, entry);
  }
  void up(std::size_t at) {
    for (; at > 0 && before(heap_[at], heap_[(at - 1) / 2]); at = (at - 1) / 2)
      swap(at, (at - 1) / 2);
  }
  void down(std::size_t at) {
    for (;;) {
      std::size_t child = 2 * at + 1;
      if (child >= heap_.size()) return;
      if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
      if (!before(heap_[child], heap_[at])) return;
      swap(at, child);
      at = child;
    }
  }

  std::vector<Entry> heap_;
};

}  // namespace tcproof::stack
