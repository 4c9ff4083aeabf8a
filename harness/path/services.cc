// SPDX-License-Identifier: Apache-2.0
#include "harness/path/services.h"

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/topology/socket_address.h"

namespace tcproof::harness {
namespace {

enum class Service : std::uint8_t { echo, discard, web };

constexpr std::size_t most_peers = 256;
constexpr std::size_t longest_backlog = 1 << 16;

const std::string& page() {
  static const std::string text = [] {
    std::string body(64 * 1024, ' ');
    for (std::size_t i = 0; i < body.size(); ++i) {
      body[i] = i % 64 == 63 ? '\n' : static_cast<char>('a' + i % 26);
    }
    return fmt::format(
        "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{}", body.size(),
        body);
  }();
  return text;
}

/// One socket for both families.
Tried<UniqueFd> open_port(int type, std::uint16_t port) {
  const std::string step = fmt::format("listen on port {} of the laboratory's target", port);
  UniqueFd socket(::socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return tl::unexpected(environment_error(step, errno));
  const int off = 0;
  const auto any = SocketAddress::any(wire::Family::v6, port);
  if (::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0 ||
      ::bind(socket.get(), any.get(), any.size) != 0 ||
      (type == SOCK_STREAM && ::listen(socket.get(), 64) != 0)) {
    return tl::unexpected(environment_error(step, errno));
  }
  return socket;
}

}  // namespace

struct LaboratoryServices::Listener {
  UniqueFd socket;
  Service service;
  bool datagrams;
};

struct LaboratoryServices::Peer {
  UniqueFd socket;
  Service service;
  std::string to_send;
  bool last_words = false;  // close when all is sent
};

LaboratoryServices::LaboratoryServices(std::vector<Listener> listeners, UniqueFd stop)
    : listeners_(std::move(listeners)), stop_(std::move(stop)), thread_([this] { serve(); }) {}

Tried<std::unique_ptr<LaboratoryServices>> LaboratoryServices::start(const Namespace& space) {
  struct Port {
    int type;
    std::uint16_t port;
    Service service;
  };
  constexpr Port ports[] = {{SOCK_STREAM, 7, Service::echo},
                            {SOCK_DGRAM, 7, Service::echo},
                            {SOCK_STREAM, 9, Service::discard},
                            {SOCK_DGRAM, 9, Service::discard},
                            {SOCK_STREAM, 80, Service::web}};
  std::vector<Listener> listeners;
  for (const Port& port : ports) {
    auto socket = space.run([&] { return open_port(port.type, port.port); });
    if (!socket) return tl::unexpected(socket.error());
    listeners.push_back({std::move(*socket), port.service, port.type == SOCK_DGRAM});
  }
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop) return tl::unexpected(environment_error("make an event descriptor", errno));
  return std::unique_ptr<LaboratoryServices>(
      new LaboratoryServices(std::move(listeners), std::move(stop)));
}

LaboratoryServices::~LaboratoryServices() {
  const std::uint64_t one = 1;
  // An event counter at zero takes a one in any case.
  if (::write(stop_.get(), &one, sizeof one) == sizeof one) thread_.join();
}

void LaboratoryServices::serve() {
  while (true) {
    std::vector<pollfd> watched{{stop_.get(), POLLIN, 0}};
    for (const Listener& listener : listeners_)
      watched.push_back({listener.socket.get(), POLLIN, 0});
    for (const Peer& peer : peers_) {
      const bool full = peer.to_send.size() >= longest_backlog;
      const int wanted = (full ? 0 : POLLIN) | (peer.to_send.empty() ? 0 : POLLOUT);
      watched.push_back({peer.socket.get(), static_cast<short>(wanted), 0});
    }
    ::poll(watched.data(), watched.size(), -1);
    if (watched[0].revents != 0) return;
    const std::size_t first_peer = 1 + listeners_.size();
    for (std::size_t i = watched.size(); i-- > first_peer;) {
      if (watched[i].revents == 0) continue;
      const auto at = static_cast<std::ptrdiff_t>(i - first_peer);
      if (!serve_peer(peers_[i - first_peer], (watched[i].revents & ~POLLOUT) != 0)) {
        peers_.erase(peers_.begin() + at);
      }
    }
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if (watched[i + 1].revents != 0) accept_from(listeners_[i]);
    }
  }
}

void LaboratoryServices::accept_from(const Listener& listener) {
  if (listener.datagrams) return answer_datagram(listener);
  UniqueFd socket(::accept4(listener.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket && peers_.size() < most_peers) {
    peers_.push_back({std::move(socket), listener.service, {}, false});
  }
}

void LaboratoryServices::answer_datagram(const Listener& listener) {
  std::array<char, 65536> octets{};
  SocketAddress from;
  const int reader = listener.socket.get();
  const auto got = ::recvfrom(reader, octets.data(), octets.size(), 0, from.get(), &from.size);
  if (got < 0 || listener.service != Service::echo) return;
  // An echo that the network refuses is a lost datagram.
  [[maybe_unused]] const auto sent =
      ::sendto(reader, octets.data(), static_cast<std::size_t>(got), 0, from.get(), from.size);
}

bool LaboratoryServices::serve_peer(Peer& peer, bool readable) {
  if (readable) {
    std::array<char, 16384> octets{};
    const auto got = ::recv(peer.socket.get(), octets.data(), octets.size(), 0);
    if (got == 0) peer.last_words = true;
    if (got < 0 && errno != EAGAIN) return false;
    if (got > 0 && peer.service == Service::echo) {
      peer.to_send.append(octets.data(), static_cast<std::size_t>(got));
    }
    if (got > 0 && peer.service == Service::web && !peer.last_words) {
      peer.to_send = page();
      peer.last_words = true;
    }
  }
  if (!peer.to_send.empty()) {
    const auto sent =
        ::send(peer.socket.get(), peer.to_send.data(), peer.to_send.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent > 0) peer.to_send.erase(0, static_cast<std::size_t>(sent));
  }
  return !peer.last_words || !peer.to_send.empty();
}

}  // namespace tcproof::harness
