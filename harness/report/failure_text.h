// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "checks/requirement.h"
#include "harness/report/result.h"

namespace tcproof::harness {

/// How a report is written: where the capture went and whether colours are wanted.
struct TextStyle {
  bool color = false;
  bool verbose = false;  // also what the target said from inside
};

/// The report of one case that did not pass, or with `verbose` of any case: every step that went
/// well, the one that failed, what was expected and what came, the requirement and how to run it
/// again. Ends with a newline. `capture` is a file name or empty; `target` is as in
/// RunResult::Host.
std::string failure_text(const CaseResult& result, const checks::Catalogue& catalogue,
                         const std::string& target, const std::string& capture, TextStyle style);

/// "tcp/mss/peer-mss [ip=v6]"
std::string full_id(const CaseResult& result);
/// The verb of a step as the case language writes it: "expect-data".
std::string_view verb_name(checks::Step::Verb verb);

}  // namespace tcproof::harness
