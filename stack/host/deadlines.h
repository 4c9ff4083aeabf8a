// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "stack/wire/time.h"

namespace tcproof::stack {

/// Where an item stands in a Deadlines heap and when it is due; a member `deadline` of the item.
struct DeadlinePlace {
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  std::size_t at = nowhere;
  std::optional<Instant> due;
};

/// One deadline an item, the earliest at hand: a binary heap whose items know their place. A deadline
/// that moves later or goes away, as those of connections do with nearly every segment, is only
/// noted: the entry follows when it comes to the front. So that costs nothing with however many
/// items, and allocates nothing once the heap has grown. Equal deadlines come out in the order of
/// `Item::id`, which keeps runs alike.
template <class Item>
class Deadlines {
 public:
  /// Sets, moves or (empty) takes away the deadline of `item`. It outlives its place here: remove()
  /// ends that.
  void set(Item& item, std::optional<Instant> due) {
    DeadlinePlace& place = item.deadline;
    size_ = size_ + (due ? 1 : 0) - (place.due ? 1 : 0);
    place.due = due;
    if (!due) return;
    if (place.at == DeadlinePlace::nowhere) {
      place.at = heap_.size();
      heap_.push_back({*due, &item});
    } else if (heap_[place.at].due <= *due) {
      return;
    } else {
      heap_[place.at].due = *due;
    }
    up(place.at);
  }
  void remove(Item& item) {
    set(item, {});
    if (item.deadline.at != DeadlinePlace::nowhere) take_out(item.deadline.at);
  }
  std::optional<Instant> next() const {
    settle_front();
    if (heap_.empty()) return {};
    return heap_.front().due;
  }
  /// Whose deadline next() is.
  Item& front() const {
    settle_front();
    return *heap_.front().item;
  }
  /// How many items have a deadline.
  std::size_t size() const { return size_; }

 private:
  struct Entry {
    Instant due;
    Item* item;
  };
  static bool before(const Entry& a, const Entry& b) {
    return a.due != b.due ? a.due < b.due : a.item->id < b.item->id;
  }
  /// Until the entry in front says what its item says.
  void settle_front() const {
    while (!heap_.empty() && heap_.front().due != heap_.front().item->deadline.due) {
      const auto& due = heap_.front().item->deadline.due;
      if (!due) {
        take_out(0);
      } else {
        heap_.front().due = *due;
        down(0);
      }
    }
  }
  void take_out(std::size_t at) const {
    heap_[at].item->deadline.at = DeadlinePlace::nowhere;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (at == heap_.size()) return;
    put(at, last);
    up(at);
    down(last.item->deadline.at);
  }
  void put(std::size_t at, const Entry& entry) const {
    heap_[at] = entry;
    entry.item->deadline.at = at;
  }
  void swap(std::size_t a, std::size_t b) const {
    const Entry entry = heap_[a];
    put(a, heap_[b]);
    put(b, entry);
  }
  void up(std::size_t at) const {
    for (; at > 0 && before(heap_[at], heap_[(at - 1) / 2]); at = (at - 1) / 2)
      swap(at, (at - 1) / 2);
  }
  void down(std::size_t at) const {
    for (;;) {
      std::size_t child = 2 * at + 1;
      if (child >= heap_.size()) return;
      if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
      if (!before(heap_[child], heap_[at])) return;
      swap(at, child);
      at = child;
    }
  }

  mutable std::vector<Entry> heap_;  // what is noted late is settled when somebody looks
  std::size_t size_ = 0;
};

}  // namespace tcproof::stack
