// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "checks/network.h"
#include "harness/topology/netns_netlink.h"

namespace tcproof::harness {

/// A route of one host: the link it leaves on and where it goes.
struct HostRoute {
  checks::LinkId link;
  Route route;
};

/// The routes that `host` needs to reach every prefix of `network`: its own links', a default route
/// if it forwards nothing and a router is in sight, and for a router one for each prefix beyond its
/// neighbours.
std::vector<HostRoute> routes_of(const checks::Network& network, checks::HostId host);

/// How many links lie between `from` and each host; hosts out of reach have none. Only `from` and
/// hosts that forward are passed through.
std::vector<std::optional<std::size_t>> distances(const checks::Network& network,
                                                  checks::HostId from);

}  // namespace tcproof::harness
