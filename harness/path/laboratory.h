// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checks/network.h"
#include "harness/path/services.h"
#include "harness/topology/netns_network.h"
#include "stack/link/packet_socket.h"

namespace tcproof::harness {

/// A topology as namespaces where every host, the tester included, is a kernel of its own: programs
/// run in the tester's place. Nothing of it outlives this object or its process.
class Laboratory {
 public:
  /// Call become_network_admin() first, while the process has one thread. `network` outlives it;
  /// `seed` decides what impaired links do to which frame.
  static Tried<std::unique_ptr<Laboratory>> build(const checks::Network& network,
                                                  std::uint64_t seed);

  const Namespace& tester() const { return network_->tester(); }
  const Namespace& target() const { return network_->target(); }

  /// Runs `command` (not empty, looked up in PATH) in the tester's namespace with this program's
  /// standard streams, TARGET and TARGET6 set to the target's addresses, and waits for it. Its exit
  /// status, 128 and more for a signal, as a shell says it.
  Tried<int> run(const std::vector<std::string>& command) const;

 private:
  explicit Laboratory(const checks::Network& model) : model_(&model) {}

  const checks::Network* model_;
  link::Reaper reaper_;
  std::unique_ptr<NetnsNetwork> network_;
  std::unique_ptr<LaboratoryServices> services_;
};

}  // namespace tcproof::harness
