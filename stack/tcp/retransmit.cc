// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/retransmit.h"

#include <algorithm>

namespace tcproof::tcp {
namespace {

// G of RFC 6298 2: this clock's resolution.
constexpr Duration granularity = 1ns;

}  // namespace

void RtoEstimator::sample(Duration rtt) {
  if (!srtt_) {
    srtt_ = rtt;
    rttvar_ = rtt / 2;
  } else {
    const Duration error = *srtt_ > rtt ? *srtt_ - rtt : rtt - *srtt_;
    rttvar_ = (3 * rttvar_ + error) / 4;  // beta = 1/4, before SRTT changes
    srtt_ = (7 * *srtt_ + rtt) / 8;       // alpha = 1/8
  }
  const Duration rto = *srtt_ + std::max(granularity, 4 * rttvar_);
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
