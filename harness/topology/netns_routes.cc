// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/netns_routes.h"

#include <deque>

namespace tcproof::harness {
namespace {

using checks::HostId;
using checks::LinkEnd;
using checks::LinkId;
using checks::Network;

const LinkEnd* end_of(const checks::NetworkLink& link, HostId host) {
  for (const LinkEnd& end : link.ends) {
    if (end.host == host) return &end;
  }
  return nullptr;
}
const LinkEnd* other_end(const checks::NetworkLink& link, HostId host) {
  if (end_of(link, host) == nullptr) return nullptr;
  for (const LinkEnd& end : link.ends) {
    if (end.host != host) return &end;
  }
  return nullptr;
}

const std::optional<wire::IpPrefix>& prefix_of(const LinkEnd& end, wire::Family family) {
  return family == wire::Family::v4 ? end.v4 : end.v6;
}

wire::IpPrefix everything(wire::Family family) {
  return {.address = {.family = family}, .length = 0};
}

/// The link and router by which `host` reaches `beyond`, a link that it is not on: the neighbour
/// that is nearest to it.
struct Hop {
  LinkId link;
  const LinkEnd* router;
};
std::optional<Hop> next_hop(const Network& network, HostId host,
                            const checks::NetworkLink& beyond) {
  std::optional<Hop> best;
  std::size_t best_distance = 0;
  for (std::size_t i = 0; i < network.links.size(); ++i) {
    const LinkEnd* const router = other_end(network.links[i], host);
    if (router == nullptr || !network.hosts[router->host].forwards) continue;
    const auto from_router = distances(network, router->host);
    for (const LinkEnd& end : beyond.ends) {
      const auto distance = from_router[end.host];
      // A way back through the host itself is none.
      if (!distance || end.host == host) continue;
      if (!best || *distance < best_distance) {
        best = Hop{static_cast<LinkId>(i), router};
        best_distance = *distance;
      }
    }
  }
  return best;
}

void add_connected(const Network& network, HostId host, wire::Family family,
                   std::vector<HostRoute>& routes) {
  for (std::size_t i = 0; i < network.links.size(); ++i) {
    const LinkEnd* const end = end_of(network.links[i], host);
    if (end == nullptr || !prefix_of(*end, family)) continue;
    routes.push_back({static_cast<LinkId>(i), {.to = *prefix_of(*end, family), .gateway = {}}});
  }
}

void add_default(const Network& network, HostId host, wire::Family family,
                 std::vector<HostRoute>& routes) {
  for (std::size_t i = 0; i < network.links.size(); ++i) {
    const LinkEnd* const router = other_end(network.links[i], host);
    if (router == nullptr || !network.hosts[router->host].forwards) continue;
    if (!prefix_of(*router, family)) continue;
    routes.push_back({static_cast<LinkId>(i),
                      {.to = everything(family), .gateway = prefix_of(*router, family)->address}});
    return;
  }
}

void add_distant(const Network& network, HostId host, wire::Family family,
                 std::vector<HostRoute>& routes) {
  for (const auto& link : network.links) {
    if (end_of(link, host) != nullptr || link.ends.empty()) continue;
    const auto& prefix = prefix_of(link.ends.front(), family);
    const auto hop = next_hop(network, host, link);
    if (!prefix || !hop || !prefix_of(*hop->router, family)) continue;
    routes.push_back(
        {hop->link, {.to = *prefix, .gateway = prefix_of(*hop->router, family)->address}});
  }
}

}  // namespace

std::vector<std::optional<std::size_t>> distances(const Network& network, HostId from) {
  std::vector<std::optional<std::size_t>> found(network.hosts.size());
  std::deque<HostId> reached{from};
  found[from] = 0;
  while (!reached.empty()) {
    const HostId here = reached.front();
    reached.pop_front();
    if (here != from && !network.hosts[here].forwards) continue;
    for (const auto& link : network.links) {
      const LinkEnd* const next = other_end(link, here);
      if (next == nullptr || found[next->host]) continue;
      found[next->host] = *found[here] + 1;
      reached.push_back(next->host);
    }
  }
  return found;
}

std::vector<HostRoute> routes_of(const Network& network, HostId host) {
  std::vector<HostRoute> routes;
  for (const auto family : {wire::Family::v4, wire::Family::v6}) {
    add_connected(network, host, family, routes);
    if (network.hosts[host].forwards) {
      add_distant(network, host, family, routes);
    } else {
      add_default(network, host, family, routes);
    }
  }
  return routes;
}

}  // namespace tcproof::harness
