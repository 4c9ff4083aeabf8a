// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "stack/wire/seq.h"
#include "stack/wire/time.h"

namespace tcproof::tcp {

/// RFC 6298: the retransmission timeout, and Karn's rule about which round trips may be measured.
class RtoEstimator {
 public:
  struct Bounds {
    Duration initial, min, max;
  };
  explicit RtoEstimator(const Bounds& bounds) : bounds_(bounds), rto_(bounds.initial) {}

  Duration rto() const { return rto_; }
  /// (2.2), (2.3): one measured round trip. It also ends any back-off. With timestamps each
  /// acknowledgment measures one: `expected` such samples in a round trip weigh as one (RFC 7323
  /// 4.2).
  void sample(Duration rtt, std::uint32_t expected = 1);
  /// G of (2), the resolution of the clock that measures.
  void set_granularity(Duration granularity) { granularity_ = granularity; }
  /// (5.5)
  void back_off();
  /// (5.7): data transmission begins after the SYN had to be sent again.
  void syn_was_retransmitted();

  /// One segment is timed at a time: the one that ends at `end`, if none is being timed already.
  void time(wire::Seq end, Instant now);
  /// (3) Karn: something is sent again, so the acknowledgment would be ambiguous.
  void forget_timed() { timed_.reset(); }
  /// Takes the sample if `ack` acknowledges the timed segment.
  void acknowledged(wire::Seq ack, Instant now);

 private:
  struct Timed {
    wire::Seq end;
    Instant sent;
  };
  Bounds bounds_;
  Duration rto_;
  std::optional<Duration> srtt_;
  Duration rttvar_{};
  Duration granularity_ = 1ns;
  std::optional<Timed> timed_;
};

/// How long something has gone unanswered: RFC 9293 3.8.3's R1 counts, its R2 is a time.
struct Unanswered {
  Instant since{};
  std::uint32_t transmissions = 0;  // beyond the first
  Instant again_at{};               // the latest of them

  void restart(Instant now) { *this = {.since = now}; }
  void sent_again(Instant now) {
    ++transmissions;
    again_at = now;
  }
};

}  // namespace tcproof::tcp
