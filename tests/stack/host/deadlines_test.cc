// SPDX-License-Identifier: Apache-2.0
#include "stack/host/deadlines.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace tcproof::stack {
namespace {

struct Item {
  unsigned id = 0;
  DeadlinePlace deadline;
};

// Against a plain map, whatever is set, moved and removed.
TEST(Deadlines, TheEarliestIsAlwaysInFront) {
  const bool holds = rc::check([] {
    std::vector<Item> items(20);
    for (unsigned i = 0; i < items.size(); ++i) items[i].id = i;
    Deadlines<Item> heap;
    std::map<unsigned, Instant> model;
    const auto steps = *rc::gen::arbitrary<std::vector<std::pair<unsigned, unsigned>>>();
    for (const auto& [which, when] : steps) {
      Item& item = items[which % items.size()];
      if (when % 4 == 0) {
        heap.remove(item);
        model.erase(item.id);
      } else {
        const Instant due{Duration(when % 50)};
        heap.set(item, due);
        model[item.id] = due;
      }
      RC_ASSERT(heap.size() == model.size());
      const auto first = std::ranges::min_element(
          model, [](const auto& a, const auto& b) { return a.second < b.second; });
      RC_ASSERT(heap.next().has_value() == (first != model.end()));
      if (first == model.end()) continue;
      RC_ASSERT(*heap.next() == first->second);
      RC_ASSERT(heap.front().id == first->first);  // equal deadlines: the lowest id
    }
  });
  EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace tcproof::stack
