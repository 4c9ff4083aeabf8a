// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "stack/wire/time.h"

namespace tcproof::tcp {

/// RFC 5961 7: a counter and a timestamp bound the ACKs that an attacker can draw in one second.
class ChallengeLimit {
 public:
  /// True if one more may be sent at `now`.
  bool allow(Instant now, std::uint32_t per_second) {
    if (now - began_ >= 1s) {
      began_ = now;
      sent_ = 0;
    }
    if (sent_ >= per_second) return false;
    ++sent_;
    return true;
  }

 private:
  Instant began_{};
  std::uint32_t sent_ = 0;
};

}  // namespace tcproof::tcp
