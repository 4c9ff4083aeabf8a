// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <cstdint>

#include "checks/trace.h"
#include "harness/run/messages.h"

namespace tcproof::harness {

/// What a worker still says when the stack under test brings it down: the results that wait in the
/// outbox and the trace of the case in flight. A signal handler does it, on a stack of its own, on
/// a heap that may be damaged; if that fails too, the process dies without, and the parent knows
/// the case all the same. One per process.
class CrashReport {
 public:
  /// The signal with which a parent asks a worker that hangs for its last words.
  static constexpr int ask = SIGUSR1;

  /// Installs the handlers. `outbox` outlives the process's work.
  static void install(Outbox& outbox);
  /// From here until end() the case in flight is `index`, its trace so far `trace`.
  static void begin(std::uint32_t index, const checks::Trace& trace);
  static void end();
};

}  // namespace tcproof::harness
