// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "checks/requirement.h"
#include "harness/report/result.h"

namespace tcproof::harness {

/// The run as JUnit XML, as CI systems read it: a test suite for each folder of cases. An expected
/// failure is `skipped` with its reason; error and inconclusive are `error`.
std::string junit_xml(const RunResult& run, const checks::Catalogue& catalogue);

}  // namespace tcproof::harness
