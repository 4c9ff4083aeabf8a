// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include "harness/topology/impairer.h"
#include "harness/topology/netns.h"
#include "stack/link/packet_socket.h"

namespace tcproof::harness {

/// The impaired links of a network of namespaces: each is cut in two veth pairs, and a thread
/// carries the frames from one to the other, as Impairer says. Frames of a fence pass unharmed,
/// behind all that is on its way.
class ImpairedHop {
 public:
  struct Cable {
    link::PacketSocket a, b;
    Impairer to_b, to_a;
  };

  static Tried<std::unique_ptr<ImpairedHop>> start(std::vector<Cable> cables);
  ~ImpairedHop();
  ImpairedHop(const ImpairedHop&) = delete;
  ImpairedHop& operator=(const ImpairedHop&) = delete;

 private:
  ImpairedHop(std::vector<Cable> cables, UniqueFd stop);
  void carry();

  std::vector<Cable> cables_;
  UniqueFd stop_;
  std::thread thread_;
};

/// Frames that prove silence and teach nobody anything: an ARP probe from 0.0.0.0 (RFC 5227 1.1), a
/// neighbour solicitation from :: (RFC 4862 5.4.2), and what answers them.
bool is_of_a_fence(wire::Bytes frame);

}  // namespace tcproof::harness
