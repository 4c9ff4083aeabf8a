// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/ping.h"

#include <algorithm>
#include <cerrno>

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include "harness/targets/linux/sockets.h"
#include "stack/wire/checksum.h"

namespace tcproof::harness {
namespace {

constexpr std::size_t header_size = 8;
constexpr std::uint16_t identifier = 1;

}  // namespace

checks::Outcome ping(const Namespace& space, const wire::IpAddress& to, wire::Bytes data) {
  const bool v4 = to.family == wire::Family::v4;
  const UniqueFd socket(space.run([&] {
    return ::socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
  }));
  if (!socket) return outcome_of(errno);
  wire::Buffer message(header_size + data.size());
  const wire::MutableBytes out(message);
  message[0] = v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
  wire::put16(out, 4, identifier);
  wire::put16(out, 6, 1);
  std::ranges::copy(data, message.begin() + header_size);
  // The kernel fills in the checksum of ICMPv6 (RFC 3542 3.1), not that of ICMP.
  if (v4) wire::put16(out, 2, wire::internet_checksum(message));
  const SocketAddress peer(to, 0);
  const auto sent =
      ::sendto(socket.get(), message.data(), message.size(), 0, peer.get(), peer.size);
  return sent < 0 ? outcome_of(errno) : checks::Outcome::ok;
}

}  // namespace tcproof::harness
