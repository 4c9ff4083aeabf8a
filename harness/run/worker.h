// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "checks/case.h"
#include "harness/targets/target.h"
#include "stack/wire/time.h"

namespace tcproof::harness {

/// A page that a worker shares with its parent: which case it is in, so that the parent knows even
/// if the worker has no last words. Written by the worker alone.
struct WorkerStatus {
  std::atomic<std::uint32_t> current{0};  // index + 1 of the virtual attempt in flight; 0: none
  std::atomic<std::int64_t> begun_ns{0};  // when it began, CLOCK_MONOTONIC
};

/// Makes instance `index` for an attempt alone or beside others; the same in parent and worker.
using MakeAttempt =
    std::function<std::shared_ptr<const checks::Case>(std::uint32_t index, bool alone)>;

/// The life of a worker process: prepares the target, then runs what it is told over `control`
/// until the parent closes it. `hangs_after` is for foreign targets, whose cases it watches itself.
/// Does not return.
[[noreturn]] void worker_main(int control, Target& target, const MakeAttempt& make,
                              Duration hangs_after, WorkerStatus& status);

}  // namespace tcproof::harness
