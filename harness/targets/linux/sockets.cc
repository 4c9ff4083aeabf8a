// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/sockets.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "harness/case/congestion_controls.h"
#include "harness/targets/linux/datagram.h"
#include "stack/wire/numbers.h"

namespace tcproof::harness {
namespace {

using checks::Outcome;

Outcome set(int socket, int level, int name, std::int64_t value) {
  const auto number = static_cast<int>(std::clamp<std::int64_t>(
      value, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
  if (setsockopt(socket, level, name, &number, sizeof number) == 0) return Outcome::ok;
  return errno == EINVAL ? Outcome::illegal : outcome_of(errno);
}

std::int64_t seconds(std::int64_t ns) {
  return (ns + 999'999'999) / 1'000'000'000;
}
std::int64_t milliseconds(std::int64_t ns) {
  return (ns + 999'999) / 1'000'000;
}

Outcome set_ttl(int socket, wire::Family family, std::int64_t value) {
  return family == wire::Family::v4 ? set(socket, IPPROTO_IP, IP_TTL, value)
                                    : set(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS, value);
}
Outcome set_tos(int socket, wire::Family family, std::int64_t value) {
  return family == wire::Family::v4 ? set(socket, IPPROTO_IP, IP_TOS, value)
                                    : set(socket, IPPROTO_IPV6, IPV6_TCLASS, value);
}
/// 0 turns it off.
Outcome set_keep_alive(int socket, wire::Family, std::int64_t idle) {
  const Outcome on = set(socket, SOL_SOCKET, SO_KEEPALIVE, idle != 0);
  if (on != Outcome::ok || idle <= 0) return on;
  // Unanswered ones follow each other as fast as the user wants to know.
  const Outcome interval = set(socket, IPPROTO_TCP, TCP_KEEPINTVL, seconds(idle));
  if (interval != Outcome::ok) return interval;
  return set(socket, IPPROTO_TCP, TCP_KEEPIDLE, seconds(idle));
}
Outcome set_linger(int socket, wire::Family, std::int64_t value) {
  const linger option{1, static_cast<int>(seconds(value))};
  return setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, sizeof option) == 0 ? Outcome::ok
                                                                                : outcome_of(errno);
}
Outcome set_local(int socket, wire::Family, std::int64_t value) {
  const SocketAddress local(named_address(value), 0);
  return ::bind(socket, local.get(), local.size) == 0 ? Outcome::ok : outcome_of(errno);
}
/// A loose source route over one host, as RFC 791 3.1 has it; the kernel adds the destination.
Outcome set_source_route(int socket, wire::Family, std::int64_t value) {
  const wire::IpAddress hop = named_address(value);
  const std::array<std::uint8_t, 8> option{
      131, 7, 4, hop.octets[0], hop.octets[1], hop.octets[2], hop.octets[3], 0};
  return setsockopt(socket, IPPROTO_IP, IP_OPTIONS, option.data(), option.size()) == 0
             ? Outcome::ok
             : outcome_of(errno);
}
/// One word of options; 0: none.
Outcome set_ip_options(int socket, wire::Family family, std::int64_t value) {
  if (family != wire::Family::v4) return Outcome::illegal;
  std::array<std::uint8_t, 4> octets{};
  wire::put32(octets, 0, static_cast<std::uint32_t>(value));
  const socklen_t size = value == 0 ? 0 : sizeof octets;
  return setsockopt(socket, IPPROTO_IP, IP_OPTIONS, octets.data(), size) == 0 ? Outcome::ok
                                                                              : outcome_of(errno);
}
Outcome set_fast_open(int socket, wire::Family, std::int64_t value) {
  // A listener takes the length of its queue, a client a switch; only one of them fits a socket.
  constexpr int queue = 16;
  const Outcome client = set(socket, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, value != 0);
  const Outcome listener = set(socket, IPPROTO_TCP, TCP_FASTOPEN, value != 0 ? queue : 0);
  return client == Outcome::ok ? client : listener;
}

Outcome set_congestion_control(int socket, wire::Family, std::int64_t value) {
  const auto index = static_cast<std::size_t>(value);
  if (index >= congestion_controls.size()) return Outcome::unsupported;
  const std::string_view name = congestion_controls[index];
  const int done = setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name.data(),
                              static_cast<socklen_t>(name.size()));
  // Not built into this kernel, or not on the machine's list of allowed ones.
  if (done != 0 && (errno == ENOENT || errno == EPERM)) return Outcome::unsupported;
  return done == 0 ? Outcome::ok : outcome_of(errno);
}

using Setter = Outcome (*)(int, wire::Family, std::int64_t);
constexpr std::array<std::pair<std::string_view, Setter>, 17> setters = {{
    {"cork", [](int s, wire::Family, std::int64_t v) { return set(s, IPPROTO_TCP, TCP_CORK, v); }},
    {"congestion-control", set_congestion_control},
    {"nodelay",
     [](int s, wire::Family, std::int64_t v) { return set(s, IPPROTO_TCP, TCP_NODELAY, v); }},
    {"mss", [](int s, wire::Family, std::int64_t v) { return set(s, IPPROTO_TCP, TCP_MAXSEG, v); }},
    {"ttl", set_ttl},
    {"tos", set_tos},
    {"user-timeout",
     [](int s, wire::Family, std::int64_t v) {
       return set(s, IPPROTO_TCP, TCP_USER_TIMEOUT, milliseconds(v));
     }},
    {"keep-alive", set_keep_alive},
    {"linger", set_linger},
    {"receive-buffer",
     [](int s, wire::Family, std::int64_t v) { return set(s, SOL_SOCKET, SO_RCVBUF, v); }},
    {"send-buffer",
     [](int s, wire::Family, std::int64_t v) { return set(s, SOL_SOCKET, SO_SNDBUF, v); }},
    {"urgent-inline",
     [](int s, wire::Family, std::int64_t v) { return set(s, SOL_SOCKET, SO_OOBINLINE, v); }},
    {"fast-open", set_fast_open},
    {"local", set_local},
    {"remote", [](int, wire::Family, std::int64_t) { return Outcome::ok; }},  // of connect()
    {"source-route", set_source_route},
    {"ip-options", set_ip_options},
}};

}  // namespace

wire::IpAddress named_address(std::int64_t value) {
  const auto octet = [value](int shift) { return static_cast<std::uint8_t>(value >> shift); };
  return wire::IpAddress::v4(octet(24), octet(16), octet(8), octet(0));
}

std::optional<wire::IpAddress> named_remote(const checks::Call& call) {
  const auto named = call.options.find("remote");
  if (named == call.options.end()) return {};
  return named_address(named->second);
}

MadeSocket make_socket(const Namespace& space, wire::Family family, bool tcp) {
  const int domain = family == wire::Family::v4 ? AF_INET : AF_INET6;
  const int type = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  MadeSocket made;
  space.run([&] {
    made.socket = UniqueFd(::socket(domain, type, 0));
    made.number = made.socket ? 0 : errno;
  });
  if (!made.socket) return made;
  set(made.socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (family == wire::Family::v6) set(made.socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  // Urgent data is part of the stream (RFC 6093 3.1); a case that wants it apart says so.
  if (tcp) set(made.socket.get(), SOL_SOCKET, SO_OOBINLINE, 1);
  if (!tcp) {
    // ICMP errors reach an unconnected socket only when asked for (RFC 1122 4.1.3.3).
    const bool v4 = family == wire::Family::v4;
    set(made.socket.get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, 1);
    if (v4) set(made.socket.get(), SOL_SOCKET, SO_BROADCAST, 1);
    tell_headers(made.socket.get(), family);
  }
  return made;
}

namespace {

std::int64_t unread_octets(int socket) {
  int waiting = 0;
  return ::ioctl(socket, FIONREAD, &waiting) == 0 ? waiting : 0;
}

/// Octets up to and with the last urgent one (RFC 6093 2.2), 0 if none is waiting.
std::int64_t urgent_octets(int socket) {
  pollfd look{socket, POLLPRI, 0};
  if (::poll(&look, 1, 0) <= 0 || (look.revents & POLLPRI) == 0) return 0;
  int at_mark = 0;
  if (::ioctl(socket, SIOCATMARK, &at_mark) == 0 && at_mark != 0) return 1;
  // Reading stops at the mark, peeking too.
  std::array<std::uint8_t, 65536> buffer;
  const auto up_to_mark = ::recv(socket, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
  return up_to_mark < 0 ? 0 : up_to_mark + 1;
}

std::optional<std::int64_t> retransmissions(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
  return info.tcpi_retransmits;
}

/// The IPv4 address that a connected socket sends from.
std::optional<std::int64_t> source(int socket) {
  SocketAddress address;
  if (getsockname(socket, address.get(), &address.size) != 0) return {};
  const wire::IpAddress ip = address.ip();
  if (ip.family != wire::Family::v4 || ip.is_unspecified()) return {};
  return wire::be32(ip.octets, 0);
}

std::optional<std::int64_t> option_of(int socket, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(socket, level, name, &value, &size) != 0) return {};
  return value;
}

}  // namespace

std::optional<std::int64_t> socket_number(int socket, checks::Call::Status subject,
                                          wire::Family family) {
  switch (subject) {
    case checks::Call::Status::connection: return {};
    case checks::Call::Status::path_mtu:
      return family == wire::Family::v4 ? option_of(socket, IPPROTO_IP, IP_MTU)
                                        : option_of(socket, IPPROTO_IPV6, IPV6_MTU);
    case checks::Call::Status::mss: return option_of(socket, IPPROTO_TCP, TCP_MAXSEG);
    case checks::Call::Status::urgent: return urgent_octets(socket);
    case checks::Call::Status::unread: return unread_octets(socket);
    case checks::Call::Status::retransmissions: return retransmissions(socket);
    case checks::Call::Status::source: return source(socket);
    case checks::Call::Status::destination:
    case checks::Call::Status::tos:
    case checks::Call::Status::ip_options: return {};
  }
  return {};
}

Outcome pending_error(int socket) {
  return outcome_of(static_cast<int>(option_of(socket, SOL_SOCKET, SO_ERROR).value_or(0)));
}

Outcome outcome_of(int number) {
  switch (number) {
    case 0: return Outcome::ok;
    case ECONNRESET:
    case ECONNABORTED: return Outcome::reset;
    case ECONNREFUSED: return Outcome::refused;
    case ETIMEDOUT: return Outcome::timed_out;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EPROTO: return Outcome::unreachable;
    case EPIPE:
    case ESHUTDOWN: return Outcome::closing;
    case ENOTCONN:
    case EBADF: return Outcome::no_connection;
    case EADDRINUSE:
    case EADDRNOTAVAIL:
    case EALREADY:
    case EISCONN: return Outcome::exists;
    case EDESTADDRREQ: return Outcome::unspecified;
    case ENOBUFS:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EAGAIN: return Outcome::no_resources;
    case EOPNOTSUPP: return Outcome::unsupported;
    default: return Outcome::illegal;
  }
}

Outcome set_option(int socket, wire::Family family, std::string_view name, std::int64_t value) {
  const auto* const found = std::find_if(setters.begin(), setters.end(),
                                         [&](const auto& entry) { return entry.first == name; });
  if (found == setters.end()) return Outcome::unsupported;
  return found->second(socket, family, value);
}

Outcome set_options(int socket, wire::Family family,
                    const std::map<std::string, std::int64_t>& options) {
  for (const auto& [name, value] : options) {
    const Outcome outcome = set_option(socket, family, name, value);
    if (outcome != Outcome::ok) return outcome;
  }
  return Outcome::ok;
}

}  // namespace tcproof::harness
