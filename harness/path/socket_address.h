// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include <sys/socket.h>

#include "stack/wire/address.h"

namespace tcproof::harness {

/// An address and port as the socket calls want them.
class Sockaddr {
 public:
  Sockaddr(const wire::IpAddress& address, std::uint16_t port);
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_;
};

/// AF_INET or AF_INET6.
int address_family(const wire::IpAddress& address);
/// Empty if it is neither IPv4 nor IPv6.
std::optional<wire::IpAddress> address_of(const sockaddr* address);
/// The port that a bound socket has got; 0 if it has none.
std::uint16_t bound_port(int socket);

}  // namespace tcproof::harness
