// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "harness/report/document.h"
#include "harness/report/result.h"

namespace tcproof::harness {

/// One suite on one of several targets.
struct Column {
  std::string target;  // as --target named it
  RunResult run;
};

/// Cases and requirements by target, as text: the rows in which the targets differ, and how many
/// are the same everywhere. A requirement has failed where a failure names it, and passed where a
/// case that covers it did.
std::string target_matrix(std::span<const Column> columns);

/// All of it (specs/schema/result-matrix.json): the document of each target, then every case and
/// every requirement with the verdict on each.
Json matrix_json(std::span<const Column> columns);

}  // namespace tcproof::harness
