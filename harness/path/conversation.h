// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "harness/path/raw_host.h"
#include "stack/wire/frame.h"
#include "stack/wire/notation.h"
#include "stack/wire/seq.h"

namespace tcproof::harness {

/// A hand-made TCP connection, segment by segment, in the notation of the cases: sequence numbers
/// count from each side's SYN.
class Conversation {
 public:
  /// A segment that went or came.
  struct Line {
    Instant at;
    bool ours = false;
    wire::FrameSpec frame;
    std::string text;  // as the notation has it, or an ICMP error about a segment of ours
  };

  /// `iss`: our initial sequence number.
  Conversation(RawHost host, std::uint16_t port, wire::Seq iss);
  /// Resets the connection unless both sides have ended it.
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  /// Sends one segment. What is wrong with the line is said with its place in it.
  wire::Parsed<void> say(std::string_view segment);
  /// Hears until `until` has passed, or earlier once `enough` says so of a line.
  template <class Enough>
  void listen(Duration length, Enough enough) {
    const Instant until = host_.now() + length;
    while (const auto line = hear(until)) {
      if (enough(*line)) return;
    }
  }

  /// Everything so far, in order.
  const std::vector<Line>& lines() const { return lines_; }
  /// The peer's next octet, relative: what an ACK of ours should say.
  std::uint32_t to_acknowledge() const;
  /// Our octets up to here, the SYN being 0, are acknowledged by a line of the peer.
  bool is_acknowledged(std::uint32_t end) const;
  std::uint16_t largest_mss() const;

 private:
  std::optional<Line> hear(Instant until);
  bool put(const wire::FrameSpec& frame);

  RawHost host_;
  std::uint16_t port_;
  wire::Seq iss_, irs_;
  bool met_ = false;    // the peer's SYN has been seen
  bool ended_ = false;  // by a reset, or by FINs that were acknowledged
  wire::Seq next_;      // the peer's next octet
  std::vector<Line> lines_;
};

}  // namespace tcproof::harness
