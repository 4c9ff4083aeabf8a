// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "checks/requirement.h"
#include "harness/case/profile.h"
#include "harness/case/yaml.h"

namespace tcproof::harness::loading {

/// `deviations` of a profile or a baseline (docs/case-language.md 10).
std::vector<Deviation> read_deviations(const Node& node, const checks::Catalogue& catalogue,
                                       Problems& problems);

}  // namespace tcproof::harness::loading
