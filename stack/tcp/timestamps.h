// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "stack/wire/seq.h"
#include "stack/wire/time.h"

namespace tcproof::tcp {

/// RFC 7323 3 to 5: the timestamps of one connection. TS.Recent, Last.ACK.sent and Snd.TS.OK are
/// spelled recent, last_ack_sent and agreed.
class Timestamps {
 public:
  /// One tick of the timestamp clock. It is the G of RFC 6298 for round trips measured by
  /// timestamps; 5.4 wants it between 59 ns and one per window of data or second.
  static constexpr Duration tick = 1ms;

  /// Where this connection's clock starts (7: each one elsewhere).
  void set_offset(std::uint32_t offset) { offset_ = offset; }
  /// TSval for a segment sent at `now`.
  std::uint32_t clock(Instant now) const;

  /// Both SYNs carried the option; `val` is the peer's TSval.
  void agree(std::uint32_t val, wire::Seq last_ack_sent, Instant now);
  bool agreed() const { return agreed_; }
  /// Back to LISTEN: what was agreed is forgotten, the clock stays.
  void forget();

  /// TSecr for a segment that acknowledges.
  std::uint32_t recent() const { return recent_; }
  /// A segment that acknowledges `ack` leaves.
  void acknowledged(wire::Seq ack) { last_ack_sent_ = ack; }

  /// R1 of 5.3: SEG.TSval < TS.Recent, and TS.Recent is not 24 days old (5.5).
  bool is_old(std::uint32_t val, Instant now) const;
  /// R3 of 5.3: an acceptable segment, and no RST. 4.3 (2): only what begins at or before the last
  /// acknowledgment is noted, so that a delayed ACK echoes the earliest segment it covers.
  void arrived(std::uint32_t val, wire::Seq seq, Instant now);
  /// RTTM, 4.1: how long ago the segment that TSecr echoes was sent; empty if it never was.
  std::optional<Duration> round_trip(std::uint32_t ecr, Instant now) const;

  /// RFC 6191 2: how the TSval of a new SYN stands to the last one seen.
  bool newer_than_recent(std::uint32_t val) const;

 private:
  std::uint32_t offset_ = 0;
  bool agreed_ = false;
  std::uint32_t recent_ = 0;
  Instant noted_{};  // when TS.Recent was last set
  wire::Seq last_ack_sent_;
};

}  // namespace tcproof::tcp
