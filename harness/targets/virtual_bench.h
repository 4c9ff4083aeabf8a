// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "checks/case.h"
#include "checks/trace.h"
#include "harness/run/bench.h"
#include "harness/targets/application.h"
#include "harness/targets/stack_instance.h"
#include "harness/topology/sim_network.h"
#include "stack/link/simulator.h"

namespace tcproof::harness {

/// The bench of every stack that lives in this process: a simulated network, the stack on it, and
/// the application that the case's calls run. Virtual time, so an attempt is the same every time.
class SimBench final : public VirtualBench {
 public:
  using MakeStack = std::function<std::unique_ptr<StackInstance>(StackInstance::Output)>;
  /// `one_case` outlives the bench.
  SimBench(const checks::Case& one_case, const MakeStack& make_stack);

  Instant now() const override { return simulator_.now(); }
  void send(checks::Trace& trace, checks::LinkId link, checks::HostId from, checks::StepId step,
            wire::Bytes octets) override;
  void call(checks::Trace& trace, const checks::Step& step) override;
  void withdraw(checks::Trace& trace, checks::StepId step) override;
  void look_up(checks::Trace& trace, checks::ConnId conn) override;
  void fence(checks::Trace& trace) override;
  void drain(checks::Trace& trace) override;
  std::optional<Instant> next_event() const override;
  void advance(Instant to) override;

 private:
  /// A transition whose connection is found once the stack has returned: only then is it known
  /// which SYN has found a listener.
  struct Unmatched {
    std::size_t news;
    StackInstance::Handle handle;
    bool from_listen;
  };

  StackInstance::Output stack_output();
  /// "LISTEN -> SYN-RECEIVED: SYN in LISTEN, 3.10.7.2 third", for `-v`.
  void note_transition(checks::State from, checks::State to, std::string_view rule);
  void target_sends(wire::Bytes frame);
  void returned(checks::StepId step, checks::Outcome outcome, std::optional<std::int64_t> number,
                wire::Bytes data);
  checks::Span32 keep(wire::Bytes octets);
  /// Lets everything happen that is due at this instant.
  void settle();
  bool due() const;
  void match_transitions();

  // What is reported comes first: the stack may speak as soon as it is made.
  std::vector<checks::Event> news_;  // since the last drain(); spans point into pool_
  wire::Buffer pool_;
  std::vector<Unmatched> unmatched_;
  bool fence_asked_ = false;
  int frames_at_instant_ = 0;
  int frames_ = 0;
  bool restless_ = false;
  link::Simulator simulator_;
  SimNetwork network_;
  std::unique_ptr<StackInstance> stack_;
  Application application_;
};

}  // namespace tcproof::harness
