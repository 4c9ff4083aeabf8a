// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/report/result.h"
#include "stack/wire/bytes.h"

namespace tcproof::harness {

/// The trace of one case as a pcapng file: an interface for each captured link (the target's
/// always), each frame with the step that sent or took it as its comment.
wire::Buffer capture(const CaseResult& result);

/// "tcp/mss/segments-respect-peer-mss.v6": the id and the values of the cell, below the captures'
/// folder.
std::string capture_name(const CaseResult& result);

}  // namespace tcproof::harness
