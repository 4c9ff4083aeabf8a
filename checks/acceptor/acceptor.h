// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "checks/acceptor/state_rules.h"
#include "checks/acceptor/state_set.h"
#include "checks/invariants/flow.h"
#include "checks/transcript.h"

namespace tcproof::checks {

/// Follows one connection and holds the states that RFC 9293 permits its target to be in, by the
/// rules of the state table and by what the target itself has sent. Where the table leaves a choice,
/// and where a segment is of a class that the table lacks, all that figure 5 permits stays in.
class Acceptor {
 public:
  /// `rules` outlives it. `lossy`: what the tester sends need not arrive.
  Acceptor(const StateRules& rules, bool lossy) : rules_(rules), lossy_(lossy) {}

  void called(const Call& call);
  /// The tester sent an ICMP error: what it does to a connection is left to its state and code.
  void warned();
  /// `broken`: the case changed a header, so whether the target takes it is open.
  void tester_sent(const FlowSegment& segment, bool broken);
  void target_sent(const Flow& flow, const FlowSegment& segment);
  /// Time has come to `now`: timers may have ended something.
  void passed(Instant now);

  StateSet states() const { return states_; }
  /// What a target may show now: besides, those of a CLOSE whose FIN has not left yet, and if it
  /// reports changes by itself, what it passes through within one event.
  StateSet shown(bool reported) const;
  /// Why no permitted state sends what the target sent last; empty if one does.
  const std::string& refusal() const { return refusal_; }

 private:
  StateSet after(State from, const FlowSegment& segment) const;
  StateSet by_rules(State from, const SegmentClass& segment, bool nothing_outstanding) const;
  Numbers numbers(wire::Seq rcv_nxt) const;
  void narrow(StateSet to, std::string_view what);
  void follow_numbers(const FlowSegment& segment);
  void begin(const FlowSegment& syn);

  const StateRules& rules_;
  bool lossy_;
  bool listening_ = false;  // a passive OPEN was made: the port may listen again after a connection
  bool names_peer_ = false;  // the passive OPEN was for one peer: SEND calls it
  bool keep_alive_ = false;  // a keep-alive was asked for
  bool closing_ = false;     // CLOSE was called: a FIN comes once all data has left
  StateSet states_{State::closed};
  StateSet passing_;  // passed through by the last event
  std::string refusal_;

  std::optional<wire::Seq> acked_;          // by the target, last
  std::optional<wire::Seq> sent_in_order_;  // end of what the tester sent without a gap
  std::optional<wire::Seq> tester_fin_;     // the number behind it
  bool fin_doubtful_ = false;               // text was sent at or beyond it
  wire::Seq snd_una_, snd_nxt_;
  std::uint32_t rcv_wnd_ = 0;
  Instant last_word_{};  // of the tester
};

/// The states that the wire permits connection `conn` to show behind event `last` of the trace, what
/// comes later left aside; all of them if the case has no rules, or another connection with the same
/// ports.
StateSet permitted_states(const Case& one_case, const Transcript& transcript, ConnId conn,
                          std::size_t last);

}  // namespace tcproof::checks
