// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/case/state_table.h"

namespace tcproof::harness::loading {

/// A case made of one cell of the state table, as if it had been written by hand: its `root` is a
/// case file's, with every part at its place in the table.
struct StateCase {
  std::string id;  // "tcp/state/ESTABLISHED/rst-in-window" for a table in the folder "tcp"
  Document document;
};

/// "tcp/state/ESTABLISHED/rst-in-window"
std::string state_case_id(const std::string& folder, const StateTable::Cell& cell);
/// `cell` has at least one reaction. The case is: the way into the state, the event, the reply and
/// nothing else, the next state, what can be read, how the connection stands, and whether it still
/// works or is gone.
StateCase make_state_case(const std::string& folder, const StateTable& table,
                          const StateTable::Cell& cell);

}  // namespace tcproof::harness::loading
