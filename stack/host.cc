// SPDX-License-Identifier: Apache-2.0
#include "stack/host.h"

#include <algorithm>
#include <utility>

#include "stack/host/connections.h"
#include "stack/ip/layer.h"
#include "stack/udp/datagram.h"
#include "stack/udp/sockets.h"
#include "stack/wire/numbers.h"

namespace tcproof::stack {

using tcp::Error;
using wire::IpAddress;

namespace {

ip::Interface interface_of(const HostConfig& config) {
  const HostConfig none;
  const HostConfig& v4 = config.ipv4 ? config : none;
  const HostConfig& v6 = config.ipv6 ? config : none;
  return {config.mac, config.mtu, v4.v4, v6.v6, v4.v4_router, v6.v6_router};
}

std::uint16_t first_udp_port(std::uint64_t secret) {
  return static_cast<std::uint16_t>(49152 + (secret >> 32) % 16384);
}

}  // namespace

/// Joins the internet layer with TCP and UDP above it.
class Host::Impl : private ip::Upper {
 public:
  Impl(const HostConfig& config, HostOutput output)
      : output_(std::move(output)),
        layer_(interface_of(config), config.secret, config.answer_echo, *this),
        connections_(config, layer_, output_),
        sockets_(first_udp_port(config.secret)) {}

  ip::Layer& layer() { return layer_; }
  const ip::Layer& layer() const { return layer_; }
  Connections& connections() { return connections_; }
  const Connections& connections() const { return connections_; }
  udp::Sockets& sockets() { return sockets_; }
  const udp::Sockets& sockets() const { return sockets_; }

 private:
  void packet(const ip::Packet& packet, Instant now) override {
    if (packet.protocol == wire::ip_protocol::tcp) return connections_.input(packet, now);
    datagram(packet, now);
  }
  void error(const ip::ErrorReport& report, Instant now) override {
    if (report.protocol == wire::ip_protocol::tcp) return connections_.error(report, now);
    if (report.protocol != wire::ip_protocol::udp) return trace("drop: icmp, about no TCP or UDP");
    // RFC 1122 4.1.3.3: the quoted source port is the socket that sent the datagram.
    const auto kind =
        report.port_unreachable ? udp::SocketError::refused : udp::SocketError::unreachable;
    if (!sockets_.fail(report.local.family, wire::be16(report.transport, 0), kind))
      trace("drop: icmp, about no socket of ours, RFC 1122 4.1.3.3");
  }
  void frame(wire::Bytes frame) override {
    if (output_.frame) output_.frame(frame);
  }
  void trace(std::string_view rule) override {
    if (output_.trace) output_.trace(rule);
  }

  void datagram(const ip::Packet& packet, Instant now) {
    std::string_view rule;
    const auto view = udp::receive(packet.src, packet.dst, packet.payload, rule);
    if (!view) return trace(rule);
    const wire::Bytes data = view->data();
    bool lost = false;
    const bool bound = sockets_.deliver(
        packet.family(), view->dst_port(),
        {packet.src, view->src_port(), wire::Buffer(data.begin(), data.end())}, lost);
    if (lost) return trace("drop: udp, the receive queue is full");
    if (bound) return;
    trace("drop: udp, nobody has bound the port, RFC 1122 4.1.3.1");
    layer_.port_unreachable(packet, now);
  }

  HostOutput output_;
  ip::Layer layer_;
  Connections connections_;
  udp::Sockets sockets_;
};

Host::Host(const HostConfig& config, HostOutput output)
    : impl_(std::make_unique<Impl>(config, std::move(output))) {}

Host::~Host() = default;

void Host::input(wire::Bytes frame, Instant now) {
  impl_->layer().input(frame, now);
}

void Host::advance(Instant now) {
  impl_->layer().advance(now);
  impl_->connections().advance(now);
}

std::optional<Instant> Host::next_deadline() const {
  const auto a = impl_->layer().next_deadline();
  const auto b = impl_->connections().next_deadline();
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

Host::Opened Host::open_passive(wire::Family family, std::uint16_t port, const OpenOptions& options,
                                Instant now) {
  return impl_->connections().open_passive(family, port, options, now);
}

Host::Opened Host::open_active(const IpAddress& remote, std::uint16_t remote_port,
                               std::uint16_t local_port, const OpenOptions& options, Instant now) {
  return impl_->connections().open_active(remote, remote_port, local_port, options, now);
}

Error Host::send(ConnectionId id, wire::Bytes text, bool push, bool urgent, Instant now,
                 std::size_t& taken) {
  return impl_->connections().send(id, text, push, urgent, now, taken);
}

Error Host::receive(ConnectionId id, wire::MutableBytes out, Instant now, std::size_t& got) {
  return impl_->connections().receive(id, out, now, got);
}

Error Host::close(ConnectionId id, Instant now) {
  return impl_->connections().close(id, now);
}

Error Host::abort(ConnectionId id, Instant now) {
  return impl_->connections().abort(id, now);
}

Error Host::status(ConnectionId id) const {
  const tcp::Connection* found = std::as_const(*impl_).connections().find(id);
  return found == nullptr ? Error::does_not_exist : found->status();
}

tcp::State Host::state(ConnectionId id) const {
  const tcp::Connection* found = std::as_const(*impl_).connections().find(id);
  return found == nullptr ? tcp::State::closed : found->state();
}

tcp::Connection* Host::connection(ConnectionId id) {
  return impl_->connections().find(id);
}

Error Host::stop_receiving(ConnectionId id, Instant now) {
  return impl_->connections().stop_receiving(id, now);
}

Error Host::set(ConnectionId id, const Settings& settings, Instant now) {
  return impl_->connections().set(id, settings, now);
}

Host::Listening Host::listen(wire::Family family, std::uint16_t port, std::uint32_t backlog,
                             const OpenOptions& options) {
  return impl_->connections().listen(family, port, backlog, options);
}

ConnectionId Host::accept(ListenerId id) {
  return impl_->connections().accept(id);
}

void Host::stop_listening(ListenerId id, Instant now) {
  impl_->connections().stop_listening(id, now);
}

std::optional<Host::Remote> Host::remote(ConnectionId id) const {
  return std::as_const(*impl_).connections().remote(id);
}

void Host::release(ConnectionId id) {
  impl_->connections().release(id);
}

Host::Bound Host::bind_udp(wire::Family family, std::uint16_t port) {
  if (!impl_->layer().interface().prefix(family)) return {0, Error::illegal};
  const auto id = impl_->sockets().bind(family, port);
  if (!id) return {0, port == 0 ? Error::no_resources : Error::already_exists};
  return {*id, Error::none};
}

std::uint16_t Host::udp_port(DatagramId id) const {
  const auto local = std::as_const(*impl_).sockets().local(id);
  return local ? local->port : std::uint16_t{0};
}

Error Host::send_udp(DatagramId id, const IpAddress& remote, std::uint16_t remote_port,
                     wire::Bytes data, Instant now) {
  const auto local = impl_->sockets().local(id);
  if (!local) return Error::does_not_exist;
  if (remote_port == 0 || remote.is_unspecified()) return Error::unspecified;
  if (remote.family != local->family || data.size() > udp::max_data(remote.family))
    return Error::illegal;
  ip::Layer& layer = impl_->layer();
  udp::write(layer.interface().prefix(remote.family)->address, local->port, remote, remote_port,
             data, layer.payload(wire::UdpHeader::size + data.size()));
  const ip::Sent sent = layer.send({.dst = remote, .protocol = wire::ip_protocol::udp}, now);
  return sent == ip::Sent::ok ? Error::none : Error::unreachable;
}

std::optional<Host::Datagram> Host::receive_udp(DatagramId id) {
  auto received = impl_->sockets().receive(id);
  if (!received) return {};
  return Datagram{received->remote, received->remote_port, std::move(received->data)};
}

Error Host::udp_error(DatagramId id) {
  switch (impl_->sockets().take_error(id)) {
    case udp::SocketError::none: return Error::none;
    case udp::SocketError::refused: return Error::connection_refused;
    case udp::SocketError::unreachable: return Error::unreachable;
  }
  return Error::none;
}

void Host::close_udp(DatagramId id) {
  impl_->sockets().close(id);
}

void Host::ping(const IpAddress& remote, std::size_t octets, Instant now) {
  impl_->layer().ping(remote, octets, now);
}

void Host::flush_neighbours() {
  impl_->layer().flush_neighbours();
}

}  // namespace tcproof::stack
