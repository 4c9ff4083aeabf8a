// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "checks/case.h"
#include "checks/trace.h"
#include "harness/case/diagnostic.h"
#include "harness/run/bench.h"
#include "harness/targets/linux/clock_watch.h"
#include "harness/targets/linux/fence.h"
#include "harness/targets/linux/linux_user.h"
#include "harness/targets/linux/network_pool.h"
#include "harness/targets/linux/state_tracer.h"
#include "harness/topology/netns_network.h"

namespace tcproof::harness {

/// The kernel as target of one attempt: its own namespaces, gone with this object. Times are those
/// of CLOCK_REALTIME: the kernel's receive time of a frame, the moment before sendto() of a sent
/// one.
class LinuxBench final : public RealBench {
 public:
  /// What the attempts of one process share.
  struct Shared {
    link::Reaper& reaper;
    StateTracer* tracer = nullptr;  // empty: states are only looked up
    NetnsHost* tester = nullptr;    // empty: a namespace for each attempt
    NetworkPool* pool = nullptr;    // empty: the network is made when it is needed
    std::uint32_t serial = 0;       // of the attempt
  };
  /// All of it outlives the bench. A skip (see is_skip()): the case needs what this machine lacks.
  static Tried<std::unique_ptr<LinuxBench>> open(const checks::Case& one_case,
                                                 const Shared& shared);
  ~LinuxBench() override;

  Instant now() const override;
  void send(checks::Trace& trace, checks::LinkId link, checks::HostId from, checks::StepId step,
            wire::Bytes octets) override;
  void call(checks::Trace& trace, const checks::Step& step) override;
  void withdraw(checks::Trace& trace, checks::StepId step) override;
  void look_up(checks::Trace& trace, checks::ConnId conn) override;
  void fence(checks::Trace& trace) override;
  void drain(checks::Trace& trace) override;
  /// Connections in TIME-WAIT hold memory for a minute: those of an attempt end with it.
  void free_time_waits();
  int descriptor() const override { return epoll_.get(); }
  std::optional<Instant> next_deadline() const override { return fence_.due(); }

 private:
  LinuxBench(const checks::Case& one_case, NetnsNetwork network, SockDiag diag, UniqueFd epoll,
             StateTracer* tracer);

  NetnsNetwork::Tap* tap_of(checks::LinkId link);
  void trouble(std::string what, bool inconclusive);
  void put(const Fence::Probe& probe);
  /// Adds what has been noticed so far, in the order of its times.
  void notice(checks::Trace& trace);
  /// Reads every frame that waits. True if a fence went on, whose next answer may be there already.
  bool read_taps(checks::Trace& trace);
  void on_frame(checks::Trace& trace, NetnsNetwork::Tap& tap,
                const link::PacketSocket::Frame& frame, bool& onward);
  void repeat_fence();
  bool take_wakeups();
  void collect_returns(checks::Trace& trace);
  /// A clock that was set makes the attempt inconclusive.
  void watch_clock();
  /// Adds a reported StateSeen for what the tracer has heard.
  void take_transitions();
  /// Adds a reported StateSeen for every connection whose state is another than at the last look.
  void sample();

  const checks::Case& case_;
  UniqueFd epoll_;
  NetnsNetwork network_;
  LinuxUser user_;
  Fence fence_;
  ClockWatch clock_;
  StateTracer* tracer_;
  std::uint32_t traced_ = 0;                  // the target's namespace
  std::vector<checks::State> last_states_;    // index is ConnId
  std::vector<checks::ConnId> conn_of_step_;  // index is StepId
  std::vector<checks::Event> noticed_;        // since the last drain()
};

}  // namespace tcproof::harness
