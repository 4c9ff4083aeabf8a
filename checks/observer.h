// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "checks/value.h"
#include "stack/wire/frame.h"
#include "stack/wire/seq.h"
#include "stack/wire/time.h"

namespace tcproof::checks {

/// What relative numbers count from. A side whose SYN has not been seen counts from 0.
struct IsnPair {
  wire::Seq tester, target;
  wire::Seq of(Side side) const;
};

/// The target's variables of one connection as an observer of the wire knows them
/// (docs/case-language.md 2.2), and what the tester needs for its defaults. The tester's segments
/// count when they are sent, the target's when a step takes them: so positions do not depend on how
/// fast a target is.
class Observer {
 public:
  explicit Observer(wire::Seq tester_isn) : configured_isn_(tester_isn) {}

  /// The target opens anew: its next SYN may have another ISN.
  void target_opens();
  void sent(const wire::FrameSpec& frame, Instant at);
  void taken(const wire::FrameSpec& frame, Instant at);

  /// The numbers that `frame`, sent by the target, is compared with: a SYN of a later incarnation
  /// already counts from itself.
  IsnPair base_for(const wire::FrameSpec& frame) const;
  IsnPair base() const { return {isn_of(tester_isn_), isn_of(target_isn_)}; }
  /// The same for a frame that the tester is about to send: its first SYN has the ISN of the case.
  IsnPair base_to_send(bool syn) const;
  std::int64_t position(Position position, const IsnPair& base) const;

  /// The tester's next new octet, the target's next octet in order, the window sent last.
  wire::Seq next_new(bool syn) const;
  wire::Seq next_in_order() const { return in_order_; }
  std::uint16_t last_window() const { return last_window_; }

  bool timestamps_agreed() const { return tester_.timestamps && target_.timestamps; }
  std::uint32_t next_tsval(Instant now) const;
  std::uint32_t latest_tsval() const { return latest_tsval_; }
  /// Counts the SYNs that began a connection anew.
  std::uint32_t incarnation() const { return incarnation_; }

 private:
  struct SynOptions {
    std::optional<std::uint8_t> scale;
    bool timestamps = false;
  };
  struct Segment {
    wire::Seq seq, ack;
    std::uint32_t length = 0;
    std::uint16_t window = 0;
    bool syn = false;
  };
  struct Span {
    wire::Seq first, end;
  };
  static wire::Seq isn_of(const std::optional<wire::Seq>& isn) { return isn.value_or(wire::Seq{}); }
  static Segment segment_of(const wire::FrameSpec& frame);
  static SynOptions options_of(const wire::FrameSpec& frame);
  bool renews(const wire::FrameSpec& frame) const;
  void target_syn(const wire::FrameSpec& frame);
  void receive(Span span);
  std::uint32_t scaled(const Segment& segment, const SynOptions& by) const;

  wire::Seq configured_isn_;
  std::optional<wire::Seq> tester_isn_, target_isn_;
  std::optional<wire::Seq> tried_isn_;  // of a later SYN of the tester, until the target takes it
  bool opens_anew_ = false;
  std::uint32_t incarnation_ = 0;

  std::optional<wire::Seq> snd_nxt_, highest_ack_sent_, rcv_nxt_, sent_end_;
  Segment rcv_window_, last_;  // the target's that set RCV.NXT last; the tester's last
  wire::Seq in_order_;
  std::vector<Span> out_of_order_;
  std::uint16_t last_window_ = 65535;
  SynOptions tester_, target_;
  std::uint32_t latest_tsval_ = 0;
  std::optional<Instant> first_frame_;
};

}  // namespace tcproof::checks
