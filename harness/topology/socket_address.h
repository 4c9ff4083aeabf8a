// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include <sys/socket.h>

#include "stack/wire/address.h"

namespace tcproof::harness {

/// An address with its port in the form of the socket calls.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  /// Room for whatever a socket call writes.
  SocketAddress() = default;
  SocketAddress(const wire::IpAddress& ip, std::uint16_t port);
  static SocketAddress any(wire::Family family, std::uint16_t port);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  wire::IpAddress ip() const;
  std::uint16_t port() const;
};

/// AF_INET or AF_INET6.
int address_family(wire::Family family);
/// Empty if it is neither IPv4 nor IPv6.
std::optional<wire::IpAddress> address_of(const sockaddr* address);
/// The port a socket is bound to; 0 if it is not.
std::uint16_t local_port(int socket);

}  // namespace tcproof::harness
