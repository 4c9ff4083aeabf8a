// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/datagram.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

#include "stack/wire/numbers.h"

namespace tcproof::harness {
namespace {

constexpr std::size_t longest_datagram = 65535;

std::int64_t first_word(wire::Bytes octets) {
  std::array<std::uint8_t, 4> word{};
  std::copy_n(octets.begin(), std::min(octets.size(), word.size()), word.begin());
  return wire::be32(word, 0);
}

void take(const cmsghdr& told, wire::Bytes data, KernelDatagram& into) {
  if (told.cmsg_level == IPPROTO_IP && told.cmsg_type == IP_PKTINFO &&
      data.size() >= sizeof(in_pktinfo)) {
    in_pktinfo info;
    std::memcpy(&info, data.data(), sizeof info);
    into.destination = ntohl(info.ipi_addr.s_addr);
  } else if (told.cmsg_level == IPPROTO_IP && told.cmsg_type == IP_TOS && !data.empty()) {
    into.tos = data[0];
  } else if (told.cmsg_level == IPPROTO_IPV6 && told.cmsg_type == IPV6_TCLASS &&
             data.size() >= sizeof(int)) {
    int traffic_class = 0;
    std::memcpy(&traffic_class, data.data(), sizeof traffic_class);
    into.tos = traffic_class;
  } else if (told.cmsg_level == IPPROTO_IP && told.cmsg_type == IP_RECVOPTS) {
    into.ip_options = first_word(data);
  }
}

}  // namespace

std::optional<std::int64_t> KernelDatagram::number(checks::Call::Status subject) const {
  using Status = checks::Call::Status;
  switch (subject) {
    case Status::destination: return destination;
    case Status::tos: return tos;
    case Status::ip_options: return ip_options;
    case Status::connection:
    case Status::path_mtu:
    case Status::mss:
    case Status::urgent:
    case Status::unread:
    case Status::retransmissions:
    case Status::source: break;
  }
  return {};
}

void tell_headers(int socket, wire::Family family) {
  const int on = 1;
  const auto ask = [&](int level, int name) { setsockopt(socket, level, name, &on, sizeof on); };
  if (family == wire::Family::v6) return ask(IPPROTO_IPV6, IPV6_RECVTCLASS);
  ask(IPPROTO_IP, IP_PKTINFO);
  ask(IPPROTO_IP, IP_RECVTOS);
  ask(IPPROTO_IP, IP_RECVOPTS);
}

tl::expected<KernelDatagram, int> receive_datagram(int socket) {
  KernelDatagram datagram;
  datagram.octets.resize(longest_datagram);
  iovec into{datagram.octets.data(), datagram.octets.size()};
  alignas(cmsghdr) std::array<std::uint8_t, 512> control{};
  msghdr message{};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto got = ::recvmsg(socket, &message, MSG_DONTWAIT);
  if (got < 0) return tl::unexpected(errno);
  datagram.octets.resize(static_cast<std::size_t>(got));
  for (cmsghdr* told = CMSG_FIRSTHDR(&message); told != nullptr;
       told = CMSG_NXTHDR(&message, told)) {
    take(*told, wire::Bytes(CMSG_DATA(told), told->cmsg_len - CMSG_LEN(0)), datagram);
  }
  return datagram;
}

}  // namespace tcproof::harness
