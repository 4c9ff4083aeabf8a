// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/case/state_table.h"
#include "harness/report/result.h"

namespace tcproof::harness {

/// The state table with a verdict in each cell: a line for each event, a column for each state. What
/// is not tested follows with its reason. `folder` is where the table stands ("tcp"); `cases` are
/// those of a run, whatever else it ran.
std::string state_matrix(const loading::StateTable& table, const std::string& folder,
                         const std::vector<CaseResult>& cases);

/// A line for each cell that is neither tested nor explained, "ESTABLISHED rst-in-window"; empty if
/// there is none.
std::string unexplained_cells(const loading::StateTable& table);

}  // namespace tcproof::harness
