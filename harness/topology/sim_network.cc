// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/sim_network.h"

#include <algorithm>
#include <string>
#include <utility>

namespace tcproof::harness {
namespace {

// A frame held back for reordering leaves after this if nothing comes to overtake it.
constexpr Duration longest_hold = 10ms;

Duration time_on_the_wire(std::size_t octets, std::uint64_t rate_bps) {
  const double seconds = static_cast<double>(octets) * 8.0 / static_cast<double>(rate_bps);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

SimNetwork::SimNetwork(const checks::Network& network, link::Simulator& simulator,
                       std::uint64_t seed, std::string_view case_id, Output output)
    : network_(network), simulator_(simulator), output_(std::move(output)) {
  for (std::size_t l = 0; l < network.links.size(); ++l) {
    const checks::NetworkLink& one = network.links[l];
    for (const checks::LinkEnd& end : one.ends) {
      const std::string what =
          std::string(case_id) + "/" + one.name + "/" + network.hosts[end.host].name;
      directions_.push_back(Direction{.link = static_cast<checks::LinkId>(l),
                                      .to = end.host,
                                      .impairment = end.towards,
                                      .random = link::Random::derived(seed, what)});
    }
  }
  routers_.resize(network.hosts.size());
  for (std::size_t h = 0; h < network.hosts.size(); ++h)
    if (network.hosts[h].forwards && h != network.target && h != network.tester)
      make_router(static_cast<checks::HostId>(h));
}

void SimNetwork::make_router(checks::HostId host) {
  routers_[host] = std::make_unique<SimRouter>(
      network_, host, [this, host](checks::LinkId link, wire::Buffer frame) {
        announce(link, host, std::move(frame));
      });
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
  // What nobody receives need not travel: the tester has no machine here, it only sees.
  if (direction.to != network_.target && !routers_[direction.to]) return;
  if (direction.impairment.none()) {
    deliver_after(direction, Duration::zero(), std::move(frame));
  } else {
    impair(direction, std::move(frame));
  }
}

void SimNetwork::impair(Direction& direction, wire::Buffer frame) {
  const checks::Impairment& how = direction.impairment;
  // Every frame draws the same numbers in the same order, so that one probability can be changed
  // without changing which frames the others meet.
  const bool lost = direction.random.chance(how.loss);
  const bool corrupted = direction.random.chance(how.corrupt);
  const std::uint64_t where = direction.random.next();
  const bool twice = direction.random.chance(how.duplicate);
  const bool late = direction.random.chance(how.reorder);
  const double jitter = direction.random.unit();

  if (lost) return;
  const auto queueing = wait_in_queue(direction, frame.size());
  if (!queueing) return;
  if (corrupted && !frame.empty())
    frame[where / 8 % frame.size()] ^= static_cast<std::uint8_t>(1U << (where % 8));
  if (late && !direction.held_back) {
    hold_back(direction, std::move(frame));
    return;
  }
  const Duration delay =
      *queueing + how.delay +
      Duration(static_cast<Duration::rep>(static_cast<double>(how.jitter.count()) * jitter));
  if (twice) deliver_after(direction, delay, frame);
  deliver_after(direction, delay, std::move(frame));
  release(direction, direction.holds);
}

void SimNetwork::hold_back(Direction& direction, wire::Buffer frame) {
  direction.held_back = std::move(frame);
  ++direction.holds;
  ++in_flight_;
  simulator_.schedule(simulator_.now() + direction.impairment.delay + longest_hold,
                      [this, &direction, hold = direction.holds] { release(direction, hold); });
}

void SimNetwork::release(Direction& direction, std::uint64_t hold) {
  if (!direction.held_back || hold != direction.holds) return;
  wire::Buffer frame = std::move(*direction.held_back);
  direction.held_back.reset();
  --in_flight_;
  // Arrivals of one direction keep their order, so the overtaken frame comes after the one just
  // sent.
  deliver_after(direction, direction.impairment.delay, std::move(frame));
}

std::optional<Duration> SimNetwork::wait_in_queue(Direction& direction, std::size_t octets) {
  const checks::Impairment& how = direction.impairment;
  if (how.rate_bps == 0) return Duration::zero();
  const Instant now = simulator_.now();
  std::erase_if(direction.queued, [now](Instant leaves) { return leaves <= now; });
  if (how.queue != 0 && direction.queued.size() >= how.queue) return {};
  direction.sent_until =
      std::max(direction.sent_until, now) + time_on_the_wire(octets, how.rate_bps);
  direction.queued.push_back(direction.sent_until);
  return direction.sent_until - now;
}

void SimNetwork::deliver_after(Direction& direction, Duration delay, wire::Buffer frame) {
  // Jitter alone never reorders: that is what `reorder` is for.
  direction.last_arrival = std::max(direction.last_arrival, simulator_.now() + delay);
  ++in_flight_;
  simulator_.schedule(direction.last_arrival, [this, &direction, octets = std::move(frame)] {
    --in_flight_;
    arrive(direction, octets);
  });
}

void SimNetwork::arrive(const Direction& direction, wire::Bytes frame) {
  if (direction.to == network_.target) {
    output_.to_target(frame);
  } else if (SimRouter* router = routers_[direction.to].get()) {
    router->on_frame(direction.link, frame);
  }
}

}  // namespace tcproof::harness
