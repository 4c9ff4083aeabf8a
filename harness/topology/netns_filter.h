// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "checks/network.h"
#include "harness/topology/netns.h"

namespace tcproof::harness {

/// The packet filter rules (nft(8)) that make the kernel's router behave as `how` says: ICMP errors
/// dropped, limited or altered, MSS clamped. Empty if it does so without any.
std::string router_rules(const checks::RouterBehaviour& how);

/// Loads `rules` inside `space`. A refusal says which remedy there is.
Tried<void> load_rules(const Namespace& space, const std::string& rules);

}  // namespace tcproof::harness
