// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "stack/wire/seq.h"
#include "stack/wire/time.h"

namespace tcproof::tcp {

/// RFC 5681 with the NewReno of RFC 6582 and the limited transmit of RFC 3042, or with SACK the
/// windows of RFC 6675: how much may be in flight, and what a duplicate acknowledgment asks for.
/// Windows and sizes are octets of text; SYN and FIN do not count. FlightSize is the text sent and
/// not yet acknowledged, what was lost included.
class Congestion {
 public:
  /// What a duplicate acknowledgment brings.
  enum class Duplicate : std::uint8_t {
    nothing,
    limited_transmit,  // the first two: one new segment within limited_room()
    fast_retransmit,   // the third: the segment at SND.UNA
    inflated,          // any more during fast recovery: cwnd has grown by SMSS
  };

  /// The SYN is acknowledged, so SMSS is known (5681 3.1). Until then nothing may be sent.
  void begin(std::uint32_t smss, bool syn_was_lost, bool sack = false);

  std::uint32_t cwnd() const { return cwnd_; }
  std::uint32_t ssthresh() const { return ssthresh_; }
  /// Fast recovery: from the third duplicate to the acknowledgment of all that was outstanding
  /// then, or a timeout.
  bool recovering() const { return recovering_; }
  /// The second partial acknowledgment of a recovery or a later one came last: the retransmission
  /// timer keeps running (6582 3.2, step 3: only the first restarts it).
  bool past_first_partial() const { return partials_ > 1; }

  /// The path takes smaller segments, or larger ones again. While nothing of the initial window is
  /// acknowledged it shrinks with its segments (5681 3.1).
  void set_smss(std::uint32_t smss);

  /// How much more may be sent.
  std::uint32_t room(std::uint32_t flight_size) const;
  /// The same on a duplicate that brings limited_transmit: up to two segments beyond cwnd.
  std::uint32_t limited_room(std::uint32_t flight_size) const;

  /// SND.UNA has advanced to `ack` over `octets` of text; `flight_size` is what is left.
  void acknowledged(wire::Seq ack, std::uint32_t octets, std::uint32_t flight_size);
  /// A duplicate as 5681 2 defines it came while SND.NXT was `nxt`.
  Duplicate duplicate(wire::Seq nxt, std::uint32_t flight_size);
  /// With SACK: a duplicate as 6675 2 defines it, which has marked octets that were not marked
  /// before; `lost`: the scoreboard already says that the first segment is.
  Duplicate sack_duplicate(wire::Seq nxt, std::uint32_t flight_size, bool lost);
  /// What is outstanding goes out anew for another reason than congestion, so a recovery under way
  /// has nothing left to repair: cwnd ends where the recovery would have left it.
  void leave_recovery();
  /// The retransmission timer went off; `again`: for this segment not for the first time.
  void timed_out(wire::Seq nxt, std::uint32_t flight_size, bool again);

  /// Text is sent, new or again.
  void sent(Instant now) { last_sent_ = now; }
  /// 4.1: nothing was sent for longer than `rto`, so there is no ACK clock. True if cwnd had to shrink.
  bool restart_after_idle(Instant now, Duration rto);

 private:
  void full_acknowledgment(std::uint32_t flight_size);
  void partial_acknowledgment(std::uint32_t octets);
  void grow(std::uint32_t octets);
  void lower_ssthresh(std::uint32_t flight_size);
  void enter_recovery(wire::Seq nxt, std::uint32_t cwnd);

  // The largest window there can be (RFC 7323 2.3): as high as ssthresh need begin, and no sum
  // below can overflow.
  static constexpr std::uint32_t largest = 1U << 30;

  std::uint32_t smss_ = 0;
  std::uint32_t initial_window_ = 0;
  std::uint32_t cwnd_ = 0;
  std::uint32_t ssthresh_ = largest;
  std::uint32_t counted_ = 0;  // octets acknowledged in congestion avoidance since cwnd last grew
  std::uint32_t duplicates_ = 0;
  std::uint32_t partials_ = 0;
  bool sack_ = false;
  bool recovering_ = false;
  // SND.NXT when a loss was last found: one more than the RFC's recover. Forgotten once more than
  // that is acknowledged, so that it never has to be compared with a number that has wrapped (6582
  // 6).
  std::optional<wire::Seq> recover_;
  Instant last_sent_{};
};

}  // namespace tcproof::tcp
