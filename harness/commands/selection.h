// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "harness/case/library.h"
#include "harness/report/result.h"

namespace tcproof::harness {

/// Which cases of a library to run, and with which seeds.
struct Selection {
  std::vector<std::string> ids;  // ids, folders, globs, or files
  std::string filter;            // "ip=v6"
  bool skip_slow = false;
  std::uint64_t seed = 1;
  std::uint32_t repeat = 1;  // each case so often, with seed, seed+1, ...
};
void add_selection_options(CLI::App& command, Selection& selection);

/// One cell of one case with one seed, ready to run, or why it is skipped.
struct Selected {
  std::string id, cell, name;
  std::uint64_t seed = 0;
  std::shared_ptr<const checks::Case> first;  // with the selection's first seed; empty: skipped
  std::string skip_reason;

  /// The case with its own seed. Made anew at each call, so that many repeats cost no memory.
  std::shared_ptr<const checks::Case> make() const;
  CaseResult skipped() const;
};

/// In the order of ids, cells and seeds. Errors of all files together.
Loaded<std::vector<Selected>> select_cases(Library& library, const Selection& selection,
                                           const Profile& profile);

}  // namespace tcproof::harness
