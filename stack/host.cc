// SPDX-License-Identifier: Apache-2.0
#include "stack/host.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "stack/host/connections.h"
#include "stack/ip/layer.h"
#include "stack/udp/datagram.h"
#include "stack/udp/rules.h"
#include "stack/udp/sockets.h"
#include "stack/wire/earliest.h"
#include "stack/wire/numbers.h"
#include "stack/wire/ports.h"

namespace tcproof::stack {

using tcp::Error;
using wire::IpAddress;

namespace {

ip::Interface interface_of(const HostConfig& config) {
  const HostConfig none;
  const HostConfig& v4 = config.ipv4 ? config : none;
  const HostConfig& v6 = config.ipv6 ? config : none;
  return {.mac = config.mac,
          .mtu = config.mtu,
          .v4 = v4.v4,
          .v6 = v6.v6,
          .v4_router = v4.v4_router,
          .v6_router = v6.v6_router,
          .other_routers = config.other_routers,
          .hop_limit = config.ttl,
          .ttl = config.ttl};
}

ip::Settings settings_of(const HostConfig& config) {
  return {.secret = config.secret,
          .answer_echo = config.answer_echo,
          .path_mtu_discovery = config.tcp.features.path_mtu_discovery,
          .path_mtu_lifetime = config.path_mtu_lifetime,
          .errors_per_second = config.icmp_errors_per_second,
          .starts_at = config.starts_at};
}

std::uint16_t first_udp_port(std::uint64_t secret) {
  return static_cast<std::uint16_t>(wire::first_dynamic_port +
                                    (secret >> 32) % wire::dynamic_ports);
}

}  // namespace

/// Joins the internet layer with TCP and UDP above it.
class Host::Impl : private ip::Upper {
 public:
  Impl(const HostConfig& config, HostOutput output)
      : output_(std::move(output)),
        layer_(interface_of(config), settings_of(config), *this),
        connections_(config, layer_, output_),
        sockets_(first_udp_port(config.secret)),
        discovery_(config.tcp.features.path_mtu_discovery) {}

  ip::Layer& layer() { return layer_; }
  const ip::Layer& layer() const { return layer_; }
  Connections& connections() { return connections_; }
  const Connections& connections() const { return connections_; }
  udp::Sockets& sockets() { return sockets_; }
  const udp::Sockets& sockets() const { return sockets_; }
  bool discovers_path_mtu() const { return discovery_; }
  std::optional<EchoReply> take_echo_reply() {
    if (echo_replies_.empty()) return {};
    EchoReply oldest = std::move(echo_replies_.front());
    echo_replies_.pop_front();
    return oldest;
  }

 private:
  void packet(const ip::Packet& packet, Instant now) override {
    if (packet.protocol == wire::ip_protocol::tcp) return connections_.input(packet, now);
    datagram(packet, now);
  }
  void error(const ip::ErrorReport& report, Instant now) override {
    if (report.protocol == wire::ip_protocol::tcp) return connections_.error(report, now);
    if (report.protocol != wire::ip_protocol::udp) return trace(udp::rule::icmp_no_transport);
    // RFC 1122 4.1.3.3: the quoted source port is the socket that sent the datagram.
    const auto kind =
        report.port_unreachable ? udp::SocketError::refused : udp::SocketError::unreachable;
    if (!sockets_.fail(report.local.family, wire::be16(report.transport, 0), kind))
      trace(udp::rule::icmp_no_socket);
  }
  void packet_too_big(const ip::ErrorReport& report, std::uint32_t mtu, Instant now) override {
    connections_.packet_too_big(report, mtu, now);
  }
  bool may_have_sent(const ip::ErrorReport& report) const override {
    return report.protocol == wire::ip_protocol::udp &&
           sockets_.is_bound(report.local.family, wire::be16(report.transport, 0));
  }
  void path_mtu_changed(const IpAddress& remote) override {
    if (!remote.is_unspecified()) return connections_.path_mtu_changed(remote);
    connections_.path_mtus_changed(remote.family);
  }
  void echo_reply(const ip::Packet& packet, std::uint16_t sequence) override {
    constexpr std::size_t most = 64;
    if (echo_replies_.size() == most) echo_replies_.pop_front();
    const wire::Bytes data = packet.payload.subspan(wire::IcmpHeader::size);
    echo_replies_.push_back({packet.src, sequence, wire::Buffer(data.begin(), data.end())});
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
    const bool bound =
        sockets_.deliver(packet.family(), view->dst_port(),
                         {.remote = packet.src,
                          .remote_port = view->src_port(),
                          .local = packet.dst,
                          .ttl = packet.ttl,
                          .tos = packet.tos,
                          .options = wire::Buffer(packet.options.begin(), packet.options.end()),
                          .data = wire::Buffer(data.begin(), data.end())},
                         lost);
    if (lost) return trace(udp::rule::queue_full);
    if (bound) return;
    trace(udp::rule::no_socket);
    layer_.port_unreachable(packet, now);
  }

  HostOutput output_;
  ip::Layer layer_;
  Connections connections_;
  udp::Sockets sockets_;
  std::deque<EchoReply> echo_replies_;
  bool discovery_;
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
  Earliest next;
  next.add(impl_->layer().next_deadline());
  next.add(impl_->connections().next_deadline());
  return next.due();
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
  if (!impl_->layer().interface().has(family)) return {0, Error::illegal};
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
  const udp::SendOptions& options = *impl_->sockets().send_options(id);
  if (remote.family != local->family ||
      data.size() + options.options.size() > udp::max_data(remote.family))
    return Error::illegal;
  ip::Layer& layer = impl_->layer();
  udp::write(layer.interface().prefix(remote.family)->address, local->port, remote, remote_port,
             data, layer.payload(wire::UdpHeader::size + data.size()));
  const ip::Sent sent = layer.send({.dst = remote,
                                    .protocol = wire::ip_protocol::udp,
                                    .ttl = options.ttl,
                                    .tos = options.tos.value_or(0),
                                    .df = impl_->discovers_path_mtu(),
                                    .options = options.options},
                                   now);
  return sent == ip::Sent::ok ? Error::none : Error::unreachable;
}

std::optional<Host::Datagram> Host::receive_udp(DatagramId id) {
  auto received = impl_->sockets().receive(id);
  if (!received) return {};
  return Datagram{.remote = received->remote,
                  .remote_port = received->remote_port,
                  .local = received->local,
                  .ttl = received->ttl,
                  .tos = received->tos,
                  .options = std::move(received->options),
                  .data = std::move(received->data)};
}

Error Host::set_udp(DatagramId id, const DatagramOptions& options) {
  constexpr std::size_t most_options = 40;
  udp::SendOptions* const of_socket = impl_->sockets().send_options(id);
  if (of_socket == nullptr) return Error::does_not_exist;
  const bool ipv6 = impl_->sockets().local(id)->family == wire::Family::v6;
  const std::size_t size = options.options.size();
  if (options.ttl == 0 || size > most_options || size % 4 != 0 || (ipv6 && size > 0))
    return Error::illegal;
  if (options.local && options.local != source(ipv6 ? wire::Family::v6 : wire::Family::v4))
    return Error::illegal;
  *of_socket = {options.ttl, options.tos, options.options};
  return Error::none;
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

std::optional<Host::EchoReply> Host::receive_echo_reply() {
  return impl_->take_echo_reply();
}

std::optional<IpAddress> Host::source(wire::Family family) const {
  const ip::Interface& interface = std::as_const(*impl_).layer().interface();
  if (!interface.has(family)) return {};
  return interface.prefix(family)->address;
}

Error Host::set_default_ttl(std::uint8_t ttl) {
  if (ttl == 0) return Error::illegal;
  impl_->layer().set_default_ttl(ttl);
  return Error::none;
}

void Host::flush_neighbours() {
  impl_->layer().flush_neighbours();
}

void Host::flush_path_mtu() {
  impl_->layer().flush_path_mtu();
}

std::uint32_t Host::path_mtu(const IpAddress& remote) const {
  return std::as_const(*impl_).layer().path_mtu(remote);
}

}  // namespace tcproof::stack
