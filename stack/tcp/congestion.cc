// SPDX-License-Identifier: Apache-2.0
#include "stack/tcp/congestion.h"

#include <algorithm>

namespace tcproof::tcp {
namespace {

constexpr std::uint32_t duplicate_threshold = 3;

/// RFC 5681 3.1. The ten segments of RFC 6928 are experimental.
std::uint32_t segments_of_initial_window(std::uint32_t smss) {
  if (smss > 2190) return 2;
  if (smss > 1095) return 3;
  return 4;
}

std::uint32_t difference_or_zero(std::uint32_t a, std::uint32_t b) {
  return a > b ? a - b : 0;
}

}  // namespace

void Congestion::begin(std::uint32_t smss, bool syn_was_lost, bool sack) {
  *this = {};
  sack_ = sack;
  smss_ = smss;
  initial_window_ = (syn_was_lost ? 1 : segments_of_initial_window(smss)) * smss;
  cwnd_ = initial_window_;
}

void Congestion::set_smss(std::uint32_t smss) {
  if (smss < smss_ && cwnd_ == initial_window_) cwnd_ = initial_window_ = cwnd_ / smss_ * smss;
  smss_ = smss;
}

std::uint32_t Congestion::room(std::uint32_t flight_size) const {
  return difference_or_zero(cwnd_, flight_size);
}

std::uint32_t Congestion::limited_room(std::uint32_t flight_size) const {
  return difference_or_zero(cwnd_ + 2 * smss_, flight_size);
}

void Congestion::acknowledged(wire::Seq ack, std::uint32_t octets, std::uint32_t flight_size) {
  duplicates_ = 0;
  const bool covers_recover = !recover_ || wire::geq(ack, *recover_);
  if (!recovering_) {
    grow(octets);
  } else if (sack_) {
    if (covers_recover) recovering_ = false;  // 6675 5 (A); cwnd is ssthresh already
  } else {
    covers_recover ? full_acknowledgment(flight_size) : partial_acknowledgment(octets);
  }
  // 6675 5.1 lets the next recovery begin a little sooner than 6582.
  const bool passed = recover_ && (wire::gt(ack, *recover_) || (sack_ && covers_recover));
  if (passed) recover_.reset();
}

/// 6582 3.2 step 3, choice (1): cwnd stays near what is in flight, so that the way out of recovery
/// is no burst.
void Congestion::full_acknowledgment(std::uint32_t flight_size) {
  recovering_ = false;
  partials_ = 0;
  counted_ = 0;
  cwnd_ = std::min(ssthresh_, std::max(flight_size, smss_) + smss_);
}

/// 6582 3.2 step 3: what has left the network leaves cwnd, and the segment sent again takes its
/// place.
void Congestion::partial_acknowledgment(std::uint32_t octets) {
  ++partials_;
  cwnd_ = difference_or_zero(cwnd_, octets);
  if (octets >= smss_) cwnd_ += smss_;
  cwnd_ = std::max(cwnd_, smss_);  // or nothing could be sent before the next timeout
}

/// 5681 3.1. Slow start counts octets, so that dividing an acknowledgment gains nothing; so does
/// congestion avoidance, where the count starts anew each time: never more than SMSS in one round
/// trip.
void Congestion::grow(std::uint32_t octets) {
  if (cwnd_ < ssthresh_) {
    cwnd_ += std::min(octets, smss_);
  } else {
    counted_ += octets;
    if (counted_ < cwnd_) return;
    counted_ = 0;
    cwnd_ += smss_;
  }
  cwnd_ = std::min(cwnd_, largest);
}

/// 5681 3.2 with the condition of 6582 3.2 step 2: duplicates that do not cover more than what was
/// outstanding at the last loss come from that loss, or from what was sent again in vain.
Congestion::Duplicate Congestion::duplicate(wire::Seq nxt, std::uint32_t flight_size) {
  if (recovering_) {
    cwnd_ = std::min(cwnd_ + smss_, largest);
    return Duplicate::inflated;
  }
  if (duplicates_ == duplicate_threshold) return Duplicate::nothing;
  if (++duplicates_ < duplicate_threshold) return Duplicate::limited_transmit;
  if (recover_) return Duplicate::nothing;
  lower_ssthresh(flight_size);
  // Three segments have left the network.
  enter_recovery(nxt, ssthresh_ + duplicate_threshold * smss_);
  return Duplicate::fast_retransmit;
}

/// 6675 5 (1) to (4). The scoreboard knows what has left the network, so cwnd is not inflated.
Congestion::Duplicate Congestion::sack_duplicate(wire::Seq nxt, std::uint32_t flight_size,
                                                 bool lost) {
  if (recovering_) return Duplicate::nothing;
  if (++duplicates_ < duplicate_threshold && !lost) return Duplicate::limited_transmit;
  if (recover_) return Duplicate::nothing;  // 5.1
  lower_ssthresh(flight_size);
  enter_recovery(nxt, ssthresh_);
  return Duplicate::fast_retransmit;
}

void Congestion::enter_recovery(wire::Seq nxt, std::uint32_t cwnd) {
  cwnd_ = cwnd;
  recovering_ = true;
  partials_ = 0;
  recover_ = nxt;
}

/// `recover_` stays: duplicates of that loss still come, and must not begin another recovery.
void Congestion::leave_recovery() {
  if (!recovering_) return;
  recovering_ = false;
  duplicates_ = 0;
  partials_ = 0;
  cwnd_ = std::min(cwnd_, ssthresh_);
}

void Congestion::timed_out(wire::Seq nxt, std::uint32_t flight_size, bool again) {
  if (!again) lower_ssthresh(flight_size);
  cwnd_ = smss_;  // the loss window, whatever IW was
  recovering_ = false;
  duplicates_ = 0;
  partials_ = 0;
  counted_ = 0;
  recover_ = nxt;
}

/// 5681's equation (4). FlightSize is taken for no more than cwnd, or ssthresh while cwnd is
/// inflated: what limited transmit sent must not count (3.2 step 2), and a retransmission lost is a
/// second loss, which lowers ssthresh a second time although FlightSize is still that of the first
/// (4.3).
void Congestion::lower_ssthresh(std::uint32_t flight_size) {
  const std::uint32_t in_network = std::min(flight_size, recovering_ ? ssthresh_ : cwnd_);
  ssthresh_ = std::max(in_network / 2, 2 * smss_);
  counted_ = 0;
}

bool Congestion::restart_after_idle(Instant now, Duration rto) {
  if (now - last_sent_ <= rto || cwnd_ <= initial_window_) return false;
  cwnd_ = initial_window_;
  counted_ = 0;
  return true;
}

}  // namespace tcproof::tcp
