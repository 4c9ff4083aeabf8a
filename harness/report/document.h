// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "harness/report/result.h"

namespace tcproof::harness {

/// Keys keep the order they are written in, so documents compare octet by octet.
using Json = nlohmann::ordered_json;

/// One case as the document and the journal hold it (specs/schema/result.json).
Json to_json(const CaseResult& result);

/// How many of `cases`, as to_json() makes them, came to which verdict.
Json summary_of(const Json& cases, bool interrupted);

/// The case that lasted longest in real time, its attempt that counts: a run beside each other takes at
/// least as long. Empty in virtual time.
const CaseResult* longest_of(const std::vector<CaseResult>& cases);

/// The versioned result document. Without `host`, two runs of one seed on a virtual target are
/// equal.
Json to_json(const RunResult& run);

}  // namespace tcproof::harness
