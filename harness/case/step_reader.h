// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/case/reading.h"

namespace tcproof::harness::loading {

/// A list of steps (docs/case-language.md 1 to 6), numbered from reading.next_step on.
std::vector<checks::Step> read_steps(const Node& node, Reading& reading);

/// A TCP state.
std::optional<checks::State> read_state(const Node& node, Reading& reading);

}  // namespace tcproof::harness::loading
