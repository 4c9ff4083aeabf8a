// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "checks/judge.h"
#include "checks/transcript.h"
#include "stack/wire/seq.h"
#include "stack/wire/tcp.h"

namespace tcproof::checks {

/// A TCP segment of a flow with the numbers that rules speak of.
struct FlowSegment {
  const Sighting* sighting = nullptr;
  bool from_target = false;
  wire::TcpFlags flags;
  wire::Seq seq, ack;
  std::uint32_t octets = 0;  // of text
  std::uint16_t window = 0;  // as on the wire

  bool has(wire::TcpFlags f) const { return flags.has(f); }
  /// SEG.LEN: the text, and one each for SYN and FIN.
  std::uint32_t length() const {
    return octets + (has(wire::flag::syn) ? 1U : 0U) + (has(wire::flag::fin) ? 1U : 0U);
  }
  wire::Seq end() const { return seq + length(); }
  /// The first octet of text: behind the SYN, if there is one.
  wire::Seq text_begin() const { return seq + (has(wire::flag::syn) ? 1U : 0U); }
};

/// One incarnation of one TCP connection, both directions in the order of the trace. Segments that
/// cannot have reached the other side whole are left out: those that the case sent with a wrong
/// checksum or header.
struct Flow {
  ConnId conn = 0;
  std::vector<FlowSegment> segments;

  // What the SYNs agreed; empty or false until both were seen.
  std::optional<std::uint8_t> tester_scale, target_scale;
  std::optional<std::uint16_t> tester_mss;
  bool tester_syn = false, target_syn = false;
  bool tester_sack = false, target_sack = false;
  bool tester_timestamps = false, target_timestamps = false;

  bool scaled() const { return tester_scale && target_scale; }
  /// The receive window that a segment of either side offers, in octets (RFC 7323 2.3).
  std::uint32_t offered(const FlowSegment& segment) const;
};

/// In the order of their first segments. They point into `frames`.
std::vector<Flow> find_flows(const Case& one_case, const std::vector<Sighting>& frames);

/// A failure of an invariant at one segment; shows the segment in relative numbers.
Failure failure_at(const Sighting& sighting, std::string what);

/// "1:101" counts from the ISN of the side that sent it.
std::uint32_t relative(wire::Seq seq, wire::Seq isn);

}  // namespace tcproof::checks
