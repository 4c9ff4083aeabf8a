// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "harness/targets/target.h"

namespace tcproof::harness {

/// The embedded reference stack: needs nothing and can always run.
std::unique_ptr<Target> make_reference_target(const Profile& profile);

}  // namespace tcproof::harness
