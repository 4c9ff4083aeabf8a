// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "stack/wire/time.h"

namespace tcproof::tcp {

/// RFC 5961 7: a counter and a timestamp bound the ACKs that an attacker can draw in one period.
/// Each connection has its own, so that none can be observed through another (CVE-2016-5696).
class ChallengeLimit {
 public:
  /// True if one more may be sent at `now`.
  bool allow(Instant now, std::uint32_t limit, Duration period) {
    if (now - began_ >= period) {
      began_ = now;
      sent_ = 0;
    }
    if (sent_ >= limit) return false;
    ++sent_;
    return true;
  }

 private:
  Instant began_{};
  std::uint32_t sent_ = 0;
};

}  // namespace tcproof::tcp
