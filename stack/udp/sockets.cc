// SPDX-License-Identifier: Apache-2.0
#include "stack/udp/sockets.h"

#include <utility>

#include "stack/wire/ports.h"

namespace tcproof::udp {

using wire::Family;

std::uint16_t Sockets::free_port(Family family) {
  for (unsigned tried = 0; tried < wire::dynamic_ports; ++tried) {
    const std::uint16_t port = next_ephemeral_;
    next_ephemeral_ =
        port == 0xffff ? wire::first_dynamic_port : static_cast<std::uint16_t>(port + 1);
    if (!ports_.contains(key(family, port))) return port;
  }
  return 0;
}

std::optional<SocketId> Sockets::bind(Family family, std::uint16_t port) {
  if (port == 0) port = free_port(family);
  if (port == 0 || ports_.contains(key(family, port))) return {};
  const SocketId id = ++last_id_;
  ports_[key(family, port)] = id;
  sockets_[id].local = {family, port};
  return id;
}

void Sockets::close(SocketId id) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return;
  ports_.erase(key(found->second.local.family, found->second.local.port));
  sockets_.erase(found);
}

std::optional<Sockets::Local> Sockets::local(SocketId id) const {
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return {};
  return found->second.local;
}

SendOptions* Sockets::send_options(SocketId id) {
  const auto found = sockets_.find(id);
  return found == sockets_.end() ? nullptr : &found->second.send_options;
}

Sockets::Socket* Sockets::find(Family family, std::uint16_t port) {
  const auto found = ports_.find(key(family, port));
  return found == ports_.end() ? nullptr : &sockets_.at(found->second);
}

bool Sockets::deliver(Family family, std::uint16_t port, Received&& datagram, bool& lost) {
  Socket* socket = find(family, port);
  if (socket == nullptr) return false;
  lost = socket->queue.size() == max_queued ||
         socket->queued_octets + datagram.data.size() > max_queued_octets;
  if (lost) return true;
  socket->queued_octets += datagram.data.size();
  socket->queue.push_back(std::move(datagram));
  return true;
}

std::optional<Received> Sockets::receive(SocketId id) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end() || found->second.queue.empty()) return {};
  Socket& socket = found->second;
  Received datagram = std::move(socket.queue.front());
  socket.queue.pop_front();
  socket.queued_octets -= datagram.data.size();
  return datagram;
}

bool Sockets::fail(Family family, std::uint16_t port, SocketError error) {
  Socket* socket = find(family, port);
  if (socket == nullptr) return false;
  socket->error = error;
  return true;
}

SocketError Sockets::take_error(SocketId id) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return SocketError::none;
  return std::exchange(found->second.error, SocketError::none);
}

}  // namespace tcproof::udp
