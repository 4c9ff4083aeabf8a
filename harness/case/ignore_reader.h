// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/case/reading.h"

namespace tcproof::harness::loading {

/// `ignore` (docs/case-language.md 4): classes and patterns, appended.
void read_ignore(const Node& node, Reading& reading, std::vector<checks::Ignored>& classes,
                 std::vector<checks::FramePattern>& patterns);

}  // namespace tcproof::harness::loading
