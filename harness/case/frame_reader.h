// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checks/pattern.h"
#include "harness/case/reading.h"

namespace tcproof::harness::loading {

/// A segment or a keyed frame with the modifiers of its step (`ip`, `eth`, `tcp`, `data`,
/// `fragments`), which are keys of `step`. `step` is null where there are no modifiers.
std::optional<checks::FramePattern> read_frame(const Node& node, const Node& parent,
                                               const Node* step, Use use, Reading& reading);

}  // namespace tcproof::harness::loading
