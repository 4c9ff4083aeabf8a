// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checks/pattern.h"
#include "harness/case/reading.h"

namespace tcproof::harness::loading {

/// A segment line (docs/case-language.md 2.1). `parent` is the mapping it stands in: a segment is
/// written plain, in one line and in block style.
std::optional<checks::SegmentPattern> read_segment(const Node& node, const Node& parent, Use use,
                                                   Reading& reading);
/// The number of a value that is one integer.
std::optional<std::int64_t> integer_of(const checks::Value& value);

}  // namespace tcproof::harness::loading
