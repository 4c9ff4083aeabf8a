// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "checks/state.h"
#include "harness/topology/netns.h"
#include "stack/wire/address.h"

namespace tcproof::harness {

/// Both ends of a connection as the target sees them.
struct Tuple {
  wire::IpAddress local;
  std::uint16_t local_port = 0;
  wire::IpAddress remote;
  std::uint16_t remote_port = 0;
  bool operator==(const Tuple&) const = default;
};

/// A state as the kernel numbers it (include/net/tcp_states.h).
std::optional<checks::State> kernel_state(std::uint8_t number);

/// The kernel's view of single connections (sock_diag(7)), request sockets and TIME-WAIT included,
/// which the user's own descriptor does not show. A look costs about 3 us.
class SockDiag {
 public:
  static Tried<SockDiag> open(const Namespace& space);

  struct Found {
    checks::State state;
    std::uint64_t cookie;  // the same as long as it is the same connection
  };
  /// Empty if there is no such connection. A listener that would take it is none.
  std::optional<Found> look_up(const Tuple& tuple);
  /// Ends it without a word to the peer, a TIME-WAIT too (SOCK_DESTROY). Nothing happens where the
  /// kernel lacks CONFIG_INET_DIAG_DESTROY.
  void destroy(const Tuple& tuple, const Found& found);

 private:
  explicit SockDiag(UniqueFd socket) : socket_(std::move(socket)) {}

  UniqueFd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace tcproof::harness
