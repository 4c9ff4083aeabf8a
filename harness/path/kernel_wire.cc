// SPDX-License-Identifier: Apache-2.0
#include "harness/path/kernel_wire.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "harness/path/destination.h"
#include "harness/topology/socket_address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/numbers.h"

namespace tcproof::harness {
namespace {

using wire::Family;

constexpr std::size_t remembered = 4096;

std::uint32_t headers(Family family) {
  return family == Family::v4 ? 28 : 48;
}

bool set_number(int socket, int level, int name, int value) {
  return ::setsockopt(socket, level, name, &value, sizeof value) == 0;
}

/// Neither fragments nor believes the known path MTU, and queues its ICMP errors.
bool prepare(int socket, Family family) {
  return family == Family::v4
             ? set_number(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE) &&
                   set_number(socket, IPPROTO_IP, IP_RECVERR, 1)
             : set_number(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE) &&
                   set_number(socket, IPPROTO_IPV6, IPV6_RECVERR, 1);
}

Tried<UniqueFd> open_socket(const wire::IpAddress& to, int protocol, std::uint16_t port,
                            const char* step) {
  UniqueFd socket(
      ::socket(address_family(to.family), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!socket) return tl::unexpected(environment_error(step, errno));
  const SocketAddress there(to, port);
  if (!prepare(socket.get(), to.family) || ::connect(socket.get(), there.get(), there.size) != 0) {
    return tl::unexpected(environment_error(step, errno));
  }
  return socket;
}

/// What the kernel made of an ICMP error.
std::optional<Answer> answer_of(const sock_extended_err& error, const sockaddr* offender,
                                Method method, const wire::IpAddress& target) {
  Answer answer{.from = address_of(offender).value_or(wire::IpAddress{}), .code = error.ee_code};
  const bool v4 = error.ee_origin == SO_EE_ORIGIN_ICMP;
  if (!v4 && error.ee_origin != SO_EE_ORIGIN_ICMP6) return {};
  const std::uint8_t type = error.ee_type;
  if (error.ee_errno == EMSGSIZE) {
    answer.kind = Answer::Kind::too_big;
    answer.mtu = error.ee_info;
  } else if (type == (v4 ? wire::icmp_type::time_exceeded : wire::icmpv6_type::time_exceeded)) {
    answer.kind = Answer::Kind::time_exceeded;
  } else {
    const bool port =
        type == (v4 ? wire::icmp_type::unreachable : wire::icmpv6_type::unreachable) &&
        error.ee_code == (v4 ? wire::unreachable_code::port : wire::unreachable_v6_code::port);
    const bool there = port && method == Method::udp && answer.from == target;
    answer.kind = there ? Answer::Kind::delivered : Answer::Kind::unreachable;
  }
  return answer;
}

}  // namespace

Tried<std::unique_ptr<KernelWire>> KernelWire::open(const wire::IpAddress& to,
                                                    std::uint16_t udp_port) {
  const auto way = find_way_out(to);
  if (!way) return tl::unexpected(way.error());
  auto udp = open_socket(to, IPPROTO_UDP, udp_port, "open a datagram socket");
  if (!udp) return tl::unexpected(udp.error());
  // Not every user may ping; datagrams do then.
  const int protocol = to.family == Family::v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  auto echo = open_socket(to, protocol, 0, "open an echo socket");
  return std::unique_ptr<KernelWire>(new KernelWire(to, std::min(way->mtu, 65535U), std::move(*udp),
                                                    echo ? std::move(*echo) : UniqueFd()));
}

bool KernelWire::offers(Method method) const {
  return method == Method::udp || (method == Method::icmp && echo_);
}

Instant KernelWire::now() const {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return Instant(std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec));
}

bool KernelWire::send(const Probe& probe, std::uint16_t number) {
  const bool echo = probe.method == Method::icmp;
  const bool v4 = to_.family == Family::v4;
  const std::uint32_t payload = std::max(probe.size, headers(to_.family) + 2) - headers(to_.family);
  wire::Buffer octets(payload + (echo ? 8 : 0));
  if (echo) {
    octets[0] = v4 ? wire::icmp_type::echo : wire::icmpv6_type::echo_request;
    wire::put16(octets, 6, number);
  }
  wire::put16(octets, echo ? 8 : 0, number);
  const UniqueFd& socket = echo ? echo_ : udp_;
  set_number(socket.get(), v4 ? int{IPPROTO_IP} : int{IPPROTO_IPV6},
             v4 ? IP_TTL : IPV6_UNICAST_HOPS, probe.ttl);
  sent_[number] = {probe.method, static_cast<std::uint32_t>(octets.size()), now()};
  if (sent_.size() > remembered) sent_.erase(static_cast<std::uint16_t>(number - remembered));
  for (int attempt = 0; attempt < 3; ++attempt) {
    // An error of an earlier datagram is told by the next call, which sends nothing then.
    if (::send(socket.get(), octets.data(), octets.size(), 0) >= 0) return true;
    if (errno == EMSGSIZE && octets.size() + headers(to_.family) - (echo ? 8 : 0) > mtu_)
      return false;
    read_errors(socket, probe.method);
  }
  return true;
}

void KernelWire::hear(std::uint16_t number, Answer answer) {
  const auto sent = sent_.find(number);
  if (sent == sent_.end()) return;
  answer.after = now() - sent->second.at;
  heard_.push_back({number, answer});
}

void KernelWire::read_errors(const UniqueFd& socket, Method method) {
  std::array<std::uint8_t, 512> control{};
  std::array<std::uint8_t, 64> quoted{};
  while (true) {
    iovec part{quoted.data(), quoted.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto got = ::recvmsg(socket.get(), &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (got < 0) return;
    // The payload that was sent comes back, as far as the error quotes it.
    const std::size_t at = method == Method::icmp ? 6 : 0;
    for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
      const bool error = (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_RECVERR) ||
                         (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_RECVERR);
      if (!error) continue;
      sock_extended_err what{};
      std::memcpy(&what, CMSG_DATA(one), sizeof what);
      const auto* const offender = reinterpret_cast<const sockaddr*>(CMSG_DATA(one) + sizeof what);
      const auto answer = answer_of(what, offender, method, to_);
      if (!answer) continue;
      if (static_cast<std::size_t>(got) >= at + 2) {
        hear(wire::be16(quoted, at), *answer);
      } else if (!sent_.empty()) {
        // A quote of the header alone: probes of one question are alike.
        const auto last =
            std::ranges::max_element(sent_, {}, [](const auto& s) { return s.second.at; });
        hear(last->first, *answer);
      }
    }
  }
}

void KernelWire::read_answers(const UniqueFd& socket, Method method) {
  std::array<std::uint8_t, 65536> octets{};
  while (true) {
    const auto got = ::recv(socket.get(), octets.data(), octets.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) continue;  // an error that is read from its own queue
    const std::size_t at = method == Method::icmp ? 6 : 0;
    if (static_cast<std::size_t>(got) < at + 2) continue;
    hear(wire::be16(octets, at), {.kind = Answer::Kind::delivered, .from = to_});
  }
}

std::optional<Heard> KernelWire::wait(Instant until) {
  while (true) {
    for (const auto& [socket, method] :
         {std::pair{&udp_, Method::udp}, std::pair{&echo_, Method::icmp}}) {
      if (!*socket) continue;
      read_errors(*socket, method);
      read_answers(*socket, method);
    }
    if (!heard_.empty()) {
      const Heard heard = heard_.front();
      heard_.pop_front();
      return heard;
    }
    const Duration left = until - now();
    if (left <= Duration::zero()) return {};
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec time{seconds.count(), (left - seconds).count()};
    std::array<pollfd, 2> watched{pollfd{udp_.get(), POLLIN, 0}, pollfd{echo_.get(), POLLIN, 0}};
    ::ppoll(watched.data(), watched.size(), &time, nullptr);
  }
}

}  // namespace tcproof::harness
