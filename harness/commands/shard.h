// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/case/diagnostic.h"
#include "harness/commands/selection.h"

namespace tcproof::harness {

/// One of `count` parts of a run that a scheduler spreads over machines.
struct Shard {
  std::uint32_t index = 0;  // from 0
  std::uint32_t count = 1;
};

/// The value of an environment variable; empty if it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;
Environment process_environment();

/// "2/8" counts from 1. "auto" and "auto/8" take the place from what a scheduler tells its jobs:
/// JOB_COMPLETION_INDEX (Kubernetes; it does not tell how many there are), CI_NODE_INDEX and
/// CI_NODE_TOTAL (GitLab), SLURM_ARRAY_TASK_ID and its companions (Slurm). Never without being
/// asked: a job that knows nothing of shards must not leave cases out.
Loaded<Shard> parse_shard(const std::string& text, const Environment& environment);

/// Keeps what belongs to the shard. All cells of a case stay together, since a deviation speaks of
/// several of them; slow cases are dealt out apart from the others, so that no shard has all of
/// them.
std::vector<Selected> keep_shard(std::vector<Selected> selected, const Shard& shard);

}  // namespace tcproof::harness
