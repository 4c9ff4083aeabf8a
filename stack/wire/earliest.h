// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "stack/wire/time.h"

namespace tcproof {

/// The earliest of several deadlines, each of which may be none.
class Earliest {
 public:
  void add(const std::optional<Instant>& due) {
    if (due && *due < due_) due_ = *due;
  }
  std::optional<Instant> due() const {
    if (due_ == Instant::max()) return {};
    return due_;
  }

 private:
  Instant due_ = Instant::max();
};

}  // namespace tcproof
