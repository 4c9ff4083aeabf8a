// SPDX-License-Identifier: Apache-2.0
#include "harness/path/socket_address.h"

#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace tcproof::harness {

Sockaddr::Sockaddr(const wire::IpAddress& address, std::uint16_t port) {
  if (address.family == wire::Family::v4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.octets.data(), 4);
    std::memcpy(&storage_, &v4, sizeof v4);
    size_ = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.octets.data(), 16);
    std::memcpy(&storage_, &v6, sizeof v6);
    size_ = sizeof v6;
  }
}

int address_family(const wire::IpAddress& address) {
  return address.family == wire::Family::v4 ? AF_INET : AF_INET6;
}

std::optional<wire::IpAddress> address_of(const sockaddr* address) {
  if (address == nullptr) return {};
  wire::IpAddress out;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    std::memcpy(out.octets.data(), &v4.sin_addr, 4);
    return out;
  }
  if (address->sa_family != AF_INET6) return {};
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  out.family = wire::Family::v6;
  std::memcpy(out.octets.data(), &v6.sin6_addr, 16);
  return out;
}

std::uint16_t bound_port(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  // Both families have the port in the same place.
  sockaddr_in common{};
  std::memcpy(&common, &address, sizeof common);
  return ntohs(common.sin_port);
}

}  // namespace tcproof::harness
