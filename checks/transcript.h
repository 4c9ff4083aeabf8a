// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "checks/case.h"
#include "checks/trace.h"
#include "stack/wire/frame.h"

namespace tcproof::checks {

/// One frame of a trace, taken apart and put into its place.
struct Sighting {
  std::size_t event = 0;  // index in the trace
  Instant at{};
  LinkId link = 0;
  HostId from = 0;           // who put it on this link
  bool from_target = false;  // sent by the target, seen on its own link
  bool by_step = false;      // crafted by the case
  StepId step = no_step;
  std::optional<ConnId> conn;        // TCP or UDP between the tester's and the target's ports
  std::uint32_t incarnation = 0;     // counts the SYNs with a new ISN of this connection
  wire::Seq tester_isn, target_isn;  // of that incarnation; zero until its SYN
  wire::FrameSpec frame;             // reassembled, if it came in pieces
  wire::Bytes octets;                // the last piece, if it came in pieces; owned by the trace
  bool reassembled = false;
  std::vector<wire::FragmentPiece> pieces;  // as they came, without their octets
};

struct Flow;

/// A trace with every frame dissected and given to its connection, in order. The invariants read
/// this.
class Transcript {
 public:
  Transcript(const Case& one_case, const Trace& trace);
  Transcript(const Transcript&) = delete;  // flows() points into frames()
  Transcript& operator=(const Transcript&) = delete;
  const Trace& trace() const { return *trace_; }
  const std::vector<Sighting>& frames() const { return frames_; }
  /// Each incarnation of each TCP connection by itself (checks/invariants/flow.h).
  const std::vector<Flow>& flows() const { return *flows_; }

 private:
  const Trace* trace_;
  std::vector<Sighting> frames_;
  std::shared_ptr<const std::vector<Flow>> flows_;
};

}  // namespace tcproof::checks
