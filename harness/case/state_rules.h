// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "checks/acceptor/state_rules.h"
#include "harness/case/state_table.h"

namespace tcproof::harness::loading {

/// The rules of the acceptor from the table that the generated cases are made of. Only events that
/// are plain segments or calls become rules: what a broken one does, no rule says.
std::shared_ptr<const checks::StateRules> make_state_rules(const StateTable& table);

}  // namespace tcproof::harness::loading
