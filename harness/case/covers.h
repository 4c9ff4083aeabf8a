// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/case/reading.h"

namespace tcproof::harness::loading {

/// A requirement of the catalogue; an unknown id is reported at `place`.
const checks::Requirement* find_requirement(const Place& place, const std::string& id,
                                            const checks::Catalogue& catalogue, Problems& problems);
/// `covers` and `level` of a step; each may be null.
void read_covers(const Node* covers, const Node* level, Reading& reading, checks::Step& step);
/// Every id that the case names at its top is on a step of its own.
void check_covers(const Node& covers, const std::vector<checks::Step>& steps,
                  const checks::Catalogue& catalogue, Problems& problems);

}  // namespace tcproof::harness::loading
