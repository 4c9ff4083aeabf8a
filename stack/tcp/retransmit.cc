// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/retransmit.h"

#include <algorithm>

namespace tcproof::tcp {

void RtoEstimator::sample(Duration rtt, std::uint32_t expected) {
  if (!srtt_) {
    srtt_ = rtt;
    rttvar_ = rtt / 2;
  } else {
    const Duration error = *srtt_ > rtt ? *srtt_ - rtt : rtt - *srtt_;
    // beta = 1/4, before SRTT changes; alpha = 1/8. Both divided by the expected samples (RFC 7323
    // G).
    const std::int64_t n = expected;
    rttvar_ = ((4 * n - 1) * rttvar_ + error) / (4 * n);
    srtt_ = ((8 * n - 1) * *srtt_ + rtt) / (8 * n);
  }
  const Duration rto = *srtt_ + std::max(granularity_, 4 * rttvar_);
  rto_ = std::clamp(rto, bounds_.min, bounds_.max);
}

void RtoEstimator::back_off() {
  rto_ = std::min(rto_ * 2, bounds_.max);
}

void RtoEstimator::syn_was_retransmitted() {
  rto_ = std::clamp(std::max(Duration{3s}, bounds_.initial), bounds_.min, bounds_.max);
}

void RtoEstimator::time(wire::Seq end, Instant now) {
  if (!timed_) timed_ = Timed{end, now};
}

void RtoEstimator::acknowledged(wire::Seq ack, Instant now) {
  if (!timed_ || wire::lt(ack, timed_->end)) return;
  const Duration rtt = now - timed_->sent;
  timed_.reset();
  sample(rtt);
}

}  // namespace tcproof::tcp
