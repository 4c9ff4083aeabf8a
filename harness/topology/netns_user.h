// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/case/diagnostic.h"

namespace tcproof::harness {

/// Makes the calling process able to make network namespaces: nothing to do with the privilege for
/// it, else it enters a user namespace of its own, as its root, with a network namespace beside it.
/// Only while the process has one thread. A refusal says which step, why, and the setting that
/// cures it.
Tried<void> become_network_admin();

/// The cure for a refused user namespace, from the errno and this machine's settings. For tests.
std::string user_namespace_remedy(const std::string& step, int number);

}  // namespace tcproof::harness
