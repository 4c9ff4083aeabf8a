// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

#include "checks/network.h"
#include "harness/topology/netns_network.h"

namespace tcproof::harness {

/// Networks made ahead of need on a thread of their own, each for one attempt: most cases play on
/// the same pair, and while one runs the next one's is made. Whoever takes a network waits for no
/// work queue of the kernel, and the attempts beside it are not held up.
class NetworkPool {
 public:
  /// Keeps up to `most` networks ahead, fewer at the beginning of a run. Starts its thread, so only
  /// after any fork() and after a user namespace was entered. `reaper` outlives the pool and what
  /// is taken from it; the pool outlives what is taken from it.
  NetworkPool(link::Reaper& reaper, std::size_t most);
  ~NetworkPool();
  NetworkPool(const NetworkPool&) = delete;
  NetworkPool& operator=(const NetworkPool&) = delete;

  /// As NetnsNetwork::build(), which it calls when nothing that fits is ready. Only plain networks
  /// are made ahead: routers and impaired links depend on the case.
  Tried<NetnsNetwork> take(const checks::Network& network, NetnsNetwork::Options options);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether a network made for one serves the other: all but names is equal.
bool are_interchangeable(const checks::Network& a, const checks::Network& b);

}  // namespace tcproof::harness
