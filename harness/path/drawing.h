// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "checks/network.h"

namespace tcproof::harness {

/// The way from the tester to the target, a line for each host and each link between them, with
/// addresses, MTUs and whatever is not plain about a router or a link.
std::string draw_path(const checks::Network& network);

}  // namespace tcproof::harness
