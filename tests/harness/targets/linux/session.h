// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "checks/case.h"
#include "checks/trace.h"
#include "harness/targets/linux/linux_bench.h"
#include "stack/link/packet_socket.h"
#include "stack/wire/frame.h"

namespace tcproof::harness {

/// One bench driven by hand: frames written as segment lines relative to both sides' first SYN.
class Session {
 public:
  static constexpr std::uint16_t tester_port = 40001;
  static constexpr std::uint16_t target_port = 5001;

  Session(checks::Network network, wire::Family family, bool tcp = true);

  checks::Case& the_case() { return case_; }
  /// Empty and a test failure if it cannot be opened.
  bool open();
  /// Before open(): states come from the tracepoint too. Empty, or why they cannot.
  std::string trace_states();
  LinuxBench& bench() { return *bench_; }

  /// As the tester, on its own link.
  void send(std::string_view segment_line, wire::Buffer payload = {});
  void send(const wire::FrameSpec& frame);
  /// Makes a call; the step lives as long as the session.
  checks::StepId call(checks::Call call);
  /// Fences and drains until it is closed. False if it was not answered within 2 s.
  bool settle();
  /// Waits for a frame or a return, 2 s at most.
  void wait();

  const checks::Trace& trace() const { return trace_; }
  /// Segments that the target put on its own link and nobody has taken yet, as printed lines.
  std::vector<std::string> take_lines();
  /// All frames that `from` put on `link`.
  std::vector<wire::FrameSpec> frames(checks::LinkId link, checks::HostId from) const;
  std::vector<checks::State> reported_states() const;
  checks::State look_up();
  std::optional<checks::CallReturned> returned(checks::StepId step) const;
  std::uint16_t port_of_target() const { return port_of_target_; }
  wire::FrameSpec to_target() const;

 private:
  void learn();

  checks::Case case_;
  link::Reaper reaper_;
  std::unique_ptr<StateTracer> tracer_;
  std::unique_ptr<LinuxBench> bench_;
  checks::Trace trace_;
  std::vector<std::unique_ptr<checks::Step>> steps_;
  std::size_t learnt_ = 0, taken_ = 0;
  std::optional<wire::Seq> target_isn_;
  std::uint16_t port_of_target_ = target_port;
};

}  // namespace tcproof::harness
