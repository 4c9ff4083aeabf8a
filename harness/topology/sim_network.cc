// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/sim_network.h"

#include <algorithm>
#include <string>
#include <utility>

namespace tcproof::harness {

SimNetwork::SimNetwork(const checks::Network& network, link::Simulator& simulator,
                       std::uint64_t seed, std::string_view case_id, Output output)
    : network_(network), simulator_(simulator), output_(std::move(output)) {
  for (std::size_t l = 0; l < network.links.size(); ++l) {
    const checks::NetworkLink& one = network.links[l];
    for (const checks::LinkEnd& end : one.ends) {
      const std::string what =
          std::string(case_id) + "/" + one.name + "/" + network.hosts[end.host].name;
      directions_.push_back(
          Direction{.link = static_cast<checks::LinkId>(l),
                    .to = end.host,
                    .plain = end.towards.none(),
                    .impairer = {end.towards, link::Random::derived(seed, what)}});
    }
  }
  routers_.resize(network.hosts.size());
  for (std::size_t h = 0; h < network.hosts.size(); ++h)
    if (network.hosts[h].forwards && h != network.target && h != network.tester)
      make_router(static_cast<checks::HostId>(h));
}

void SimNetwork::make_router(checks::HostId host) {
  routers_[host] = std::make_unique<SimRouter>(
      network_, host,
      [this, host](checks::LinkId link, wire::Buffer frame) {
        announce(link, host, std::move(frame));
      },
      [this] { return simulator_.now(); });
}

void SimNetwork::put(checks::LinkId link, checks::HostId from, wire::Bytes frame) {
  for (Direction& direction : directions_)
    if (direction.link == link && direction.to != from)
      travel(direction, wire::Buffer(frame.begin(), frame.end()));
}

void SimNetwork::put_by_target(wire::Bytes frame) {
  announce(network_.target_link(), network_.target, wire::Buffer(frame.begin(), frame.end()));
}

void SimNetwork::announce(checks::LinkId link, checks::HostId from, wire::Buffer frame) {
  output_.seen(link, from, frame);
  put(link, from, frame);
}

void SimNetwork::travel(Direction& direction, wire::Buffer frame) {
  // What nobody receives need not travel: most testers have no machine here, they only see.
  const bool heard = direction.to == network_.target || routers_[direction.to] ||
                     (direction.to == network_.tester && output_.to_tester);
  if (!heard) return;
  if (!direction.plain) {
    direction.impairer.put(simulator_.now(), std::move(frame));
    pump(direction);
    return;
  }
  ++crossing_;
  simulator_.schedule(simulator_.now(), [this, &direction, octets = std::move(frame)] {
    --crossing_;
    arrive(direction, octets);
  });
}

void SimNetwork::pump(Direction& direction) {
  const auto next = direction.impairer.next();
  if (!next) return;
  // Never at once: a frame arrives by an event, not inside the call that sent it. An event that
  // comes after its frame has left finds nothing to do.
  simulator_.schedule(std::max(*next, simulator_.now()), [this, &direction] {
    const auto frame = direction.impairer.take(simulator_.now());
    if (!frame) return;
    arrive(direction, *frame);
    pump(direction);
  });
}

std::size_t SimNetwork::in_flight() const {
  std::size_t frames = crossing_;
  for (const Direction& direction : directions_) frames += direction.impairer.inside();
  return frames;
}

void SimNetwork::arrive(const Direction& direction, wire::Bytes frame) {
  if (direction.to == network_.target) {
    output_.to_target(frame);
  } else if (SimRouter* router = routers_[direction.to].get()) {
    router->on_frame(direction.link, frame);
  } else if (direction.to == network_.tester && output_.to_tester) {
    output_.to_tester(direction.link, frame);
  }
}

}  // namespace tcproof::harness
