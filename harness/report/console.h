// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <string>

#include "checks/requirement.h"
#include "harness/report/failure_text.h"
#include "harness/report/result.h"

namespace tcproof::harness {

/// The report on a terminal or in a log, streamed: a line or a failure's text for each case as it
/// ends, then the sum. A progress line is kept at the bottom of a terminal and nowhere else.
class Console {
 public:
  struct Options {
    TextStyle style;
    bool progress = false;     // `out` is a terminal
    bool quiet_passes = true;  // no line for a pass
    std::size_t total = 0;     // cases to come
  };
  Console(std::FILE* out, const checks::Catalogue& catalogue, std::string target, Options options);

  /// `capture` is the file written for this case, empty if none was.
  void add(const CaseResult& result, const std::string& capture);
  void finish(const RunResult& run);

  /// Whether `out` should be coloured: a terminal, and NO_COLOR unset or empty (no-color.org).
  static bool wants_color(std::FILE* out);

 private:
  void clear_progress();
  void show_progress();

  std::FILE* out_;
  const checks::Catalogue& catalogue_;
  std::string target_;
  Options options_;
  std::size_t done_ = 0, failed_ = 0;
};

}  // namespace tcproof::harness
