// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "checks/pattern.h"
#include "harness/case/reading.h"

namespace tcproof::harness::loading {

/// The fields of one layer (docs/case-language.md 2.4), added to `frame`. `others` are keys of the
/// same mapping that are no header fields: the caller reads them.
void read_fields(const Node& node, wire::Layer layer, std::span<const std::string_view> others,
                 Use use, Reading& reading, checks::FramePattern& frame);

/// `extensions` of `ip`.
std::optional<std::vector<wire::Extension>> read_extensions(const Node& node, Reading& reading);

}  // namespace tcproof::harness::loading
