// SPDX-License-Identifier: Apache-2.0
#include "harness/path/raw_host.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include <fmt/format.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "harness/path/answer_filter.h"
#include "harness/path/destination.h"
#include "harness/topology/socket_address.h"
#include "stack/wire/numbers.h"

namespace tcproof::harness {
namespace {

constexpr const char* need_privilege = "run as root or with CAP_NET_RAW, or inside tcproof lab";

tl::unexpected<EnvironmentError> refused(const char* step, int number) {
  return tl::unexpected(
      environment_error(step, number, number == EPERM || number == EACCES ? need_privilege : ""));
}

/// Everything that comes is dropped before the kernel's TCP or UDP sees it.
bool drop_all(int socket) {
  return attach(socket, {{BPF_RET | BPF_K, 0, 0, 0}});
}

/// A socket that holds `port` (0: any) for us; its port, or an errno below zero.
Tried<UniqueFd> hold_port(const wire::IpAddress& from, int type, std::uint16_t port) {
  constexpr const char* step = "hold a port for the crafted connection";
  UniqueFd socket(::socket(address_family(from.family), type | SOCK_CLOEXEC, 0));
  if (!socket) return refused(step, errno);
  const SocketAddress address(from, port);
  if (!drop_all(socket.get()) || ::bind(socket.get(), address.get(), address.size) != 0 ||
      (type == SOCK_STREAM && ::listen(socket.get(), 1) != 0)) {
    return refused(step, errno);
  }
  return socket;
}

/// Two neighbouring ports, each held for TCP and UDP.
Tried<std::pair<std::uint16_t, std::array<UniqueFd, 4>>> hold_ports(const wire::IpAddress& from) {
  constexpr int attempts = 20;
  for (int attempt = 0;; ++attempt) {
    auto first = hold_port(from, SOCK_STREAM, 0);
    if (!first) return tl::unexpected(first.error());
    const std::uint16_t port = local_port(first->get());
    if (port == 65535) continue;
    auto second = hold_port(from, SOCK_STREAM, static_cast<std::uint16_t>(port + 1));
    auto third = hold_port(from, SOCK_DGRAM, port);
    auto fourth = hold_port(from, SOCK_DGRAM, static_cast<std::uint16_t>(port + 1));
    if (second && third && fourth) {
      return std::pair(port, std::array{std::move(*first), std::move(*second), std::move(*third),
                                        std::move(*fourth)});
    }
    if (attempt == attempts) {
      return tl::unexpected(!second ? second.error() : !third ? third.error() : fourth.error());
    }
  }
}

Tried<UniqueFd> open_out(wire::Family family) {
  const bool v4 = family == wire::Family::v4;
  UniqueFd socket(::socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!socket) return refused("open a raw socket", errno);
  // The kernel's own idea of the path MTU shall not cut or refuse what is sent.
  const int probe = v4 ? IP_PMTUDISC_PROBE : IPV6_PMTUDISC_PROBE;
  const int set =
      v4 ? ::setsockopt(socket.get(), IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe)
         : ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe, sizeof probe);
  if (set != 0) return refused("let a raw socket ignore the known path MTU", errno);
  return socket;
}

// <netinet/in.h> does not know them yet: the size of the largest piece of a packet (Linux 4.10).
constexpr int receive_fragment_size_v4 = 25;
constexpr int receive_fragment_size_v6 = 77;

constexpr std::array<int, 3> protocols_v4{IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP};
constexpr std::array<int, 3> protocols_v6{IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP};
constexpr std::size_t header_v6 = 40;
constexpr std::size_t fragment_header_v6 = 8;

Tried<UniqueFd> open_in(const wire::IpAddress& from, const wire::IpAddress& to, int protocol) {
  constexpr const char* step = "hear what comes in by a raw socket";
  const bool v4 = to.family == wire::Family::v4;
  UniqueFd socket(
      ::socket(address_family(to.family), SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!socket) return refused("open a raw socket", errno);
  const int on = 1;
  const bool ready =
      v4 ? ::setsockopt(socket.get(), IPPROTO_IP, receive_fragment_size_v4, &on, sizeof on) == 0
         : ::setsockopt(socket.get(), IPPROTO_IPV6, receive_fragment_size_v6, &on, sizeof on) == 0;
  const SocketAddress own(from, 0);
  if (!ready || ::bind(socket.get(), own.get(), own.size) != 0) return refused(step, errno);
  // Routers report by ICMP, and they may be anybody.
  const bool icmp = protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
  if (!icmp && !attach(socket.get(), only_from(to))) return refused(step, errno);
  const int octets = 4 << 20;  // less is granted to ordinary users, and does
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
  return socket;
}

/// The octets of the largest piece that a packet came in; 0: it came whole.
std::uint32_t largest_piece(msghdr& message) {
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    const bool size =
        (one->cmsg_level == IPPROTO_IP && one->cmsg_type == receive_fragment_size_v4) ||
        (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == receive_fragment_size_v6);
    int octets = 0;
    if (!size) continue;
    std::memcpy(&octets, CMSG_DATA(one), sizeof octets);
    return static_cast<std::uint32_t>(std::max(octets, 0));
  }
  return 0;
}

/// An IPv4 packet that the kernel has put together, as its first piece.
wire::Bytes cut_v4(wire::MutableBytes packet, std::uint32_t piece) {
  constexpr std::uint16_t more = 0x2000;
  if (piece == 0 || piece >= packet.size() || packet.size() < 20) return packet;
  wire::put16(packet, 2, static_cast<std::uint16_t>(piece));
  wire::put16(packet, 6, more);
  return packet.first(piece);
}

/// A raw socket of IPv6 hands out no headers: they are made again in front of `octets`, which begin
/// where room is left for two.
wire::Bytes restore_v6(wire::MutableBytes room, std::size_t octets, std::uint8_t protocol,
                       const wire::IpAddress& from, const wire::IpAddress& to,
                       std::uint32_t piece) {
  const std::size_t whole = header_v6 + octets;
  const bool cut = piece > header_v6 + fragment_header_v6 && piece < whole;
  const auto packet = cut ? room.first(piece) : room.subspan(fragment_header_v6, whole);
  std::ranges::fill(packet.first(header_v6), std::uint8_t{0});
  packet[0] = 0x60;
  wire::put16(packet, 4, static_cast<std::uint16_t>(packet.size() - header_v6));
  packet[6] = cut ? wire::ip_protocol::fragment : protocol;
  packet[7] = 64;
  std::ranges::copy(from.octets, packet.begin() + 8);
  std::ranges::copy(to.octets, packet.begin() + 24);
  if (!cut) return packet;
  std::ranges::fill(packet.subspan(header_v6, fragment_header_v6), std::uint8_t{0});
  packet[header_v6] = protocol;
  wire::put16(packet, header_v6 + 2, 1);  // offset 0, more follow
  return packet;
}

}  // namespace

Tried<RawHost> RawHost::open(const wire::IpAddress& to) {
  const auto way = find_way_out(to);
  if (!way) return tl::unexpected(way.error());
  auto out = open_out(to.family);
  if (!out) return tl::unexpected(out.error());
  const bool v4 = to.family == wire::Family::v4;
  std::array<UniqueFd, 3> in;
  for (std::size_t i = 0; i < in.size(); ++i) {
    auto socket = open_in(way->from, to, (v4 ? protocols_v4 : protocols_v6)[i]);
    if (!socket) return tl::unexpected(socket.error());
    in[i] = std::move(*socket);
  }
  auto held = hold_ports(way->from);
  if (!held) return tl::unexpected(held.error());
  RawHost made;
  made.from_ = way->from;
  made.to_ = to;
  made.mtu_ = std::min(way->mtu, 65535U);
  made.port_ = held->first;
  made.out_ = std::move(*out);
  made.in_ = std::move(in);
  made.guards_ = std::move(held->second);
  made.buffer_.resize(65536 + header_v6 + fragment_header_v6);
  return made;
}

Instant RawHost::now() const {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return Instant(std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec));
}

int RawHost::send(wire::Bytes packet) {
  const SocketAddress address(to_, 0);
  const auto sent =
      ::sendto(out_.get(), packet.data(), packet.size(), 0, address.get(), address.size);
  return sent < 0 ? errno : 0;
}

/// What is queued at one of the sockets; empty: nothing.
wire::Bytes RawHost::hear(std::size_t which) {
  const bool v4 = to_.family == wire::Family::v4;
  const std::size_t front = v4 ? 0 : header_v6 + fragment_header_v6;
  iovec part{buffer_.data() + front, buffer_.size() - front};
  std::array<std::uint8_t, 64> control{};
  SocketAddress sender;
  msghdr message{};
  message.msg_name = sender.get();
  message.msg_namelen = sender.size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto got = ::recvmsg(in_[which].get(), &message, 0);
  if (got <= 0) return {};
  const auto octets = static_cast<std::size_t>(got);
  const std::uint32_t piece = largest_piece(message);
  if (v4) return cut_v4(wire::MutableBytes(buffer_).first(octets), piece);
  return restore_v6(buffer_, octets, static_cast<std::uint8_t>(protocols_v6[which]), sender.ip(),
                    from_, piece);
}

wire::Bytes RawHost::receive(Instant until) {
  while (true) {
    for (std::size_t which = 0; which < in_.size(); ++which) {
      const wire::Bytes packet = hear(which);
      if (!packet.empty()) return packet;
    }
    const Duration left = until - now();
    if (left <= Duration::zero()) return {};
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec time{seconds.count(), (left - seconds).count()};
    std::array<pollfd, 3> watched{};
    for (std::size_t i = 0; i < in_.size(); ++i) watched[i] = {in_[i].get(), POLLIN, 0};
    ::ppoll(watched.data(), watched.size(), &time, nullptr);
  }
}

bool lacks_privilege(const EnvironmentError& error) {
  return error.remedy == need_privilege;
}

}  // namespace tcproof::harness
