// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "harness/targets/target.h"

namespace tcproof::harness {

/// The kernel this program runs on, in namespaces of its own. Needs root or user namespaces; leaves
/// nothing behind and touches nothing of the machine.
std::unique_ptr<Target> make_linux_target(const Profile& profile);

}  // namespace tcproof::harness
