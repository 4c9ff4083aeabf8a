// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checks/pattern.h"
#include "harness/case/reading.h"

namespace tcproof::harness::loading {

/// Pairs of hex digits, spaces between them allowed.
std::optional<wire::Buffer> read_hex(const Node& node, std::string_view what, Reading& reading);
/// `data` (docs/case-language.md 2.3): text, `{ hex: .. }` or `{ pattern: N }`.
std::optional<checks::Payload> read_payload(const Node& node, Use use, Reading& reading);
/// How many octets it is, if that is known now.
std::optional<std::int64_t> size_of(const checks::Payload& payload);
/// `fragments` (2.4); an empty list is `any`.
std::optional<std::vector<checks::FramePattern::Piece>> read_fragments(const Node& node, Use use,
                                                                       Reading& reading);

}  // namespace tcproof::harness::loading
