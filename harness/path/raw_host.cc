// SPDX-License-Identifier: Apache-2.0
#include "harness/path/raw_host.h"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "harness/path/answer_filter.h"
#include "harness/path/destination.h"
#include "harness/topology/socket_address.h"

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

Tried<UniqueFd> open_in(const wire::IpAddress& to) {
  const int protocol = htons(to.family == wire::Family::v4 ? ETH_P_IP : ETH_P_IPV6);
  UniqueFd socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!socket) return refused("open a packet socket", errno);
  const int on = 1;
  if (::setsockopt(socket.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) != 0 ||
      !attach(socket.get(), answers_of(to))) {
    return refused("hear only what comes in", errno);
  }
  const int octets = 4 << 20;  // less is granted to ordinary users, and does
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
  return socket;
}

}  // namespace

Tried<RawHost> RawHost::open(const wire::IpAddress& to) {
  const auto way = find_way_out(to);
  if (!way) return tl::unexpected(way.error());
  auto out = open_out(to.family);
  if (!out) return tl::unexpected(out.error());
  auto in = open_in(to);
  if (!in) return tl::unexpected(in.error());
  auto held = hold_ports(way->from);
  if (!held) return tl::unexpected(held.error());
  RawHost made;
  made.from_ = way->from;
  made.to_ = to;
  made.mtu_ = std::min(way->mtu, 65535U);
  made.port_ = held->first;
  made.out_ = std::move(*out);
  made.in_ = std::move(*in);
  made.guards_ = std::move(held->second);
  made.buffer_.resize(65536);
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

wire::Bytes RawHost::receive(Instant until) {
  while (true) {
    const auto got = ::recv(in_.get(), buffer_.data(), buffer_.size(), 0);
    if (got > 0) return wire::Bytes(buffer_).first(static_cast<std::size_t>(got));
    const Duration left = until - now();
    if (left <= Duration::zero()) return {};
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec time{seconds.count(), (left - seconds).count()};
    pollfd watched{in_.get(), POLLIN, 0};
    ::ppoll(&watched, 1, &time, nullptr);
  }
}

bool lacks_privilege(const EnvironmentError& error) {
  return error.remedy == need_privilege;
}

}  // namespace tcproof::harness
