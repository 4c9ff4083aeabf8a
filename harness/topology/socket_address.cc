// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/socket_address.h"

#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace tcproof::harness {

SocketAddress::SocketAddress(const wire::IpAddress& ip, std::uint16_t port) {
  if (ip.family == wire::Family::v4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, ip.octets.data(), ip.size());
    std::memcpy(&storage, &v4, sizeof v4);
    size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, ip.octets.data(), ip.size());
    std::memcpy(&storage, &v6, sizeof v6);
    size = sizeof v6;
  }
}

SocketAddress SocketAddress::any(wire::Family family, std::uint16_t port) {
  return {wire::IpAddress{family, {}}, port};
}

wire::IpAddress SocketAddress::ip() const {
  return address_of(get()).value_or(wire::IpAddress{});
}

std::uint16_t SocketAddress::port() const {
  // Both forms hold the port right after the family.
  sockaddr_in common{};
  std::memcpy(&common, &storage, sizeof common);
  return ntohs(common.sin_port);
}

int address_family(wire::Family family) {
  return family == wire::Family::v4 ? AF_INET : AF_INET6;
}

std::optional<wire::IpAddress> address_of(const sockaddr* address) {
  if (address == nullptr) return {};
  wire::IpAddress out;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    std::memcpy(out.octets.data(), &v4.sin_addr, sizeof v4.sin_addr);
    return out;
  }
  if (address->sa_family != AF_INET6) return {};
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  out.family = wire::Family::v6;
  std::memcpy(out.octets.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
  return out;
}

std::uint16_t local_port(int socket) {
  SocketAddress address;
  return ::getsockname(socket, address.get(), &address.size) == 0 ? address.port() : 0;
}

}  // namespace tcproof::harness
