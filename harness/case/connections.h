// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/case/reading.h"

namespace tcproof::harness::loading {

/// `c1`, then the start's connections, then the case's (docs/case-language.md 5); each may be null.
/// The tester's ISN is left at zero where it is not set.
std::vector<checks::Connection> read_connections(const Node* of_start, const Node* of_case,
                                                 Reading& reading);
/// `target-isn: own`: the target chooses as if nobody had asked, and is not told.
bool has_own_isn(const Node& connection);
/// Some connection's `target-isn` is set.
bool sets_target_isn(const Node* connections);

}  // namespace tcproof::harness::loading
