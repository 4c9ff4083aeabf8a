// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "stack/wire/address.h"
#include "stack/wire/bytes.h"

namespace tcproof::udp {

using SocketId = std::uint32_t;  // 0 is none

/// A datagram as the user receives it.
struct Received {
  wire::IpAddress remote;
  std::uint16_t remote_port = 0;
  wire::IpAddress local;  // the specific destination, a broadcast address included
  std::uint8_t ttl = 0, tos = 0;
  wire::Buffer options;  // of IPv4
  wire::Buffer data;
};

/// What the user of a socket asks of the datagrams it sends (RFC 1122 4.1.4).
struct SendOptions {
  std::optional<std::uint8_t> ttl, tos;
  wire::Buffer options;  // of IPv4, whole words
};

/// What an ICMP error told about datagrams sent from a socket (RFC 1122 4.1.3.3).
enum class SocketError : std::uint8_t { none, refused, unreachable };

/// Bound ports and what waits in them. Received octets are bounded per socket; what comes beyond is
/// dropped.
class Sockets {
 public:
  static constexpr std::size_t max_queued_octets = 256 * 1024;
  static constexpr std::size_t max_queued = 1024;

  /// `first_ephemeral` is where the search for a free port starts, a dynamic one.
  explicit Sockets(std::uint16_t first_ephemeral) : next_ephemeral_(first_ephemeral) {}

  /// Port 0: the next free ephemeral one. Empty: the port is taken, or all are.
  std::optional<SocketId> bind(wire::Family family, std::uint16_t port);
  void close(SocketId id);

  struct Local {
    wire::Family family = wire::Family::v4;
    std::uint16_t port = 0;
  };
  std::optional<Local> local(SocketId id) const;
  /// Null if there is no such socket.
  SendOptions* send_options(SocketId id);
  bool is_bound(wire::Family family, std::uint16_t port) const {
    return ports_.contains(key(family, port));
  }

  /// False: nobody has bound the port. A full queue takes the datagram and loses it: `lost` is set.
  bool deliver(wire::Family family, std::uint16_t port, Received&& datagram, bool& lost);
  std::optional<Received> receive(SocketId id);
  /// False: nobody has bound the port.
  bool fail(wire::Family family, std::uint16_t port, SocketError error);
  SocketError take_error(SocketId id);

 private:
  struct Socket {
    Local local;
    std::deque<Received> queue;
    std::size_t queued_octets = 0;
    SocketError error = SocketError::none;
    SendOptions send_options;
  };
  static std::uint32_t key(wire::Family family, std::uint16_t port) {
    return (family == wire::Family::v4 ? 0U : 0x10000U) | port;
  }
  Socket* find(wire::Family family, std::uint16_t port);
  std::uint16_t free_port(wire::Family family);

  std::unordered_map<SocketId, Socket> sockets_;
  std::unordered_map<std::uint32_t, SocketId> ports_;
  SocketId last_id_ = 0;
  std::uint16_t next_ephemeral_;
};

}  // namespace tcproof::udp
