// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "checks/case.h"
#include "checks/trace.h"

namespace tcproof::harness {

/// What went over the wire as a ladder, time running down: frames as arrows between tester and
/// target, user calls and the target's states at its side. Numbers are relative, as in cases.
std::string ladder(const checks::Case& one_case, const checks::Trace& trace);

}  // namespace tcproof::harness
