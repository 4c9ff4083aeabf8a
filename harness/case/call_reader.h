// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/case/reading.h"

namespace tcproof::harness::loading {

/// A user call (docs/case-language.md 5) with the `data` of its step, which may be null.
std::optional<checks::Call> read_call(const Node& node, const Node* data, Reading& reading);
/// `returns`: an outcome, a number where the call gives one, or a list of them.
checks::Returns read_returns(const Node& node, const checks::Call& call, Reading& reading);

}  // namespace tcproof::harness::loading
