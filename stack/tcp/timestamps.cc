// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/timestamps.h"

namespace tcproof::tcp {
namespace {

// 5.5: beyond this age the sign of a difference of timestamps of a one-millisecond clock means
// nothing.
constexpr Duration outdated = std::chrono::hours{24 * 24};

/// Modulo 2^32, as sequence numbers are (5.3).
bool before(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) < 0;
}

}  // namespace

std::uint32_t Timestamps::clock(Instant now) const {
  return offset_ + static_cast<std::uint32_t>(now.time_since_epoch() / tick);
}

void Timestamps::agree(std::uint32_t val, wire::Seq last_ack_sent, Instant now) {
  agreed_ = true;
  recent_ = val;
  noted_ = now;
  last_ack_sent_ = last_ack_sent;
}

void Timestamps::forget() {
  const std::uint32_t offset = offset_;
  *this = {};
  offset_ = offset;
}

bool Timestamps::is_old(std::uint32_t val, Instant now) const {
  return before(val, recent_) && now - noted_ <= outdated;
}

void Timestamps::arrived(std::uint32_t val, wire::Seq seq, Instant now) {
  if (is_old(val, now) || wire::gt(seq, last_ack_sent_)) return;
  recent_ = val;
  noted_ = now;
}

std::optional<Duration> Timestamps::round_trip(std::uint32_t ecr, Instant now) const {
  const std::uint32_t present = clock(now);
  if (before(present, ecr)) return {};
  return static_cast<std::int64_t>(present - ecr) * tick;
}

bool Timestamps::newer_than_recent(std::uint32_t val) const {
  return before(recent_, val);
}

}  // namespace tcproof::tcp
