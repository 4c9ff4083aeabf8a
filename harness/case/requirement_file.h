// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checks/requirement.h"
#include "harness/case/yaml.h"

namespace tcproof::harness::loading {

/// Adds the entries of one file of specs/requirements/ to `catalogue`. An id that is there already
/// is an error.
void read_requirements(const Node& root, checks::Catalogue& catalogue, Problems& problems);

}  // namespace tcproof::harness::loading
