// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "checks/reassembly.h"
#include "checks/trace.h"
#include "checks/transcript.h"

namespace tcproof::checks {

/// Dissects the frames of a trace, in order, puts pieces together and finds the connection each
/// belongs to. Both the judge, while a case runs, and a Transcript, afterwards, see a trace through
/// it.
class Sorter {
 public:
  Sorter(const Case& one_case, const Trace& trace);

  /// `event` has index `index` in the trace. Empty if it is no frame, or a piece of a packet not
  /// yet whole. Sighting::octets stays empty: the trace may still grow.
  std::optional<Sighting> take(const Event& event, std::size_t index);

  /// The target's port of a connection, as far as it is known.
  std::uint16_t target_port(ConnId conn) const;
  /// Pieces of the target's packets that never became whole.
  std::size_t incomplete() const;
  /// The frame is one that hosts exchange to find each other: ARP, neighbour discovery, MLD.
  static bool is_neighbour_traffic(const wire::FrameSpec& frame);

 private:
  /// What the sorter knows of a connection: its port and the numbers of its present incarnation.
  struct Known {
    std::optional<std::uint16_t> target_port;
    std::uint32_t used = 0;  // when it was used last, by a count of uses
    std::uint32_t incarnation = 0;
    bool tester_syn = false, target_syn = false, opens_anew = false;
    wire::Seq tester_isn, target_isn;
    std::optional<wire::Seq> tried_isn;  // of a later SYN of the tester, until the target takes it
  };
  struct Ends {
    wire::IpAddress tester, target;
    std::uint16_t tester_port = 0, target_port = 0;
    bool tcp = true, from_target = false;
  };

  void called(const CallMade& made);
  void use(ConnId conn) { known_[conn].used = ++uses_; }
  Sighting sight(Instant at, LinkId link, HostId from, StepId step, std::size_t index) const;
  std::optional<Sighting> dissected(Sighting sighting, Span32 octets);
  void give_connection(Sighting& sighting);
  std::optional<Ends> ends_of(const wire::FrameSpec& frame) const;
  std::optional<ConnId> connection_of(const Ends& ends, const wire::FrameSpec& frame);
  void follow(Sighting& sighting);
  void follow_target_syn(Known& known, const wire::TcpSpec& tcp);
  void follow_tester_syn(Known& known, const wire::TcpSpec& tcp, ConnId conn);

  const Case& case_;
  const Trace& trace_;
  Reassembly reassembly_;
  std::vector<Known> known_;
  std::uint32_t uses_ = 0;
};

}  // namespace tcproof::checks
