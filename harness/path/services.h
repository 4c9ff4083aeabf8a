// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "harness/topology/netns.h"

namespace tcproof::harness {

/// What the target of a laboratory answers: echo (RFC 862) on TCP and UDP port 7, discard (RFC 863)
/// on 9, and on TCP port 80 a page of 64 KiB over HTTP. One thread, gone with this object.
class LaboratoryServices {
 public:
  static Tried<std::unique_ptr<LaboratoryServices>> start(const Namespace& space);
  ~LaboratoryServices();
  LaboratoryServices(const LaboratoryServices&) = delete;
  LaboratoryServices& operator=(const LaboratoryServices&) = delete;

 private:
  struct Listener;
  struct Peer;

  LaboratoryServices(std::vector<Listener> listeners, UniqueFd stop);
  void serve();
  void accept_from(const Listener& listener);
  static void answer_datagram(const Listener& listener);
  /// False: the connection is done with.
  static bool serve_peer(Peer& peer, bool readable);

  std::vector<Listener> listeners_;
  std::vector<Peer> peers_;
  UniqueFd stop_;
  std::thread thread_;
};

}  // namespace tcproof::harness
