// SPDX-License-Identifier: Apache-2.0
#include "stack/host/connections.h"

#include <algorithm>
#include <array>
#include <utility>

#include "stack/host/rules.h"
#include "stack/host/slot.h"
#include "stack/tcp/reset.h"
#include "stack/wire/checksum.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/numbers.h"
#include "stack/wire/ports.h"

namespace tcproof::stack {

using tcp::Error;
using tcp::State;
using wire::Family;
using wire::first_dynamic_port;
using wire::IpAddress;

std::size_t Connections::TupleHash::operator()(const Tuple& tuple) const {
  std::array<std::uint8_t, 20> octets{};
  std::ranges::copy(tuple.remote.octets, octets.begin());
  wire::put16(octets, 16, tuple.remote_port);
  wire::put16(octets, 18, tuple.local_port);
  return static_cast<std::size_t>(hash(octets));
}

Connections::Connections(const HostConfig& config, ip::Layer& layer, const HostOutput& output)
    : config_(config),
      layer_(layer),
      output_(output),
      isns_(config.secret),
      bound_(0, TupleHash{SipHash(~config.secret, config.secret)}),
      next_ephemeral_(
          static_cast<std::uint16_t>(first_dynamic_port + config.secret % wire::dynamic_ports)) {}

Connections::~Connections() = default;

std::uint32_t Connections::listen_key(Family family, std::uint16_t port) {
  return (family == Family::v4 ? 0U : 0x10000U) | port;
}

Connections::Slot* Connections::slot(ConnectionId id) const {
  const auto found = slots_.find(id);
  return found == slots_.end() ? nullptr : found->second.get();
}

tcp::Connection* Connections::find(ConnectionId id) {
  Slot* found = slot(id);
  return found == nullptr ? nullptr : &found->connection;
}

const tcp::Connection* Connections::find(ConnectionId id) const {
  const Slot* found = slot(id);
  return found == nullptr ? nullptr : &found->connection;
}

/// RFC 9293 3.7.1: the interface's MTU less the fixed headers of IP and TCP.
tcp::Config Connections::config_for(Family family, const Host::OpenOptions& options) const {
  const std::uint32_t headers = family == Family::v4
                                    ? wire::Ipv4Header::size + wire::TcpHeader::size
                                    : wire::Ipv6Header::size + wire::TcpHeader::size;
  const std::uint32_t mtu = layer_.interface().link_mtu(family);
  const std::uint32_t room = mtu > headers ? mtu - headers : 1;
  tcp::Config config = config_.tcp;
  config.mss = static_cast<std::uint16_t>(std::min<std::uint32_t>(room, 0xffff));
  if (options.mss) config.mss = std::min(config.mss, *options.mss);
  config.ip_header = static_cast<std::uint16_t>(family == Family::v4 ? wire::Ipv4Header::size
                                                                     : wire::Ipv6Header::size);
  config.default_send_mss = family == Family::v4 ? 536 : 1220;  // MUST-15
  config.nagle = config.nagle && !options.nodelay;
  config.receive_buffer = options.receive_buffer.value_or(config.receive_buffer);
  config.send_buffer = options.send_buffer.value_or(config.send_buffer);
  if (options.user_timeout) {
    config.r2 = *options.user_timeout;
    config.r2_syn = *options.user_timeout;
  }
  return config;
}

Connections::Slot& Connections::make_slot(Family family, std::uint16_t port,
                                          const Host::OpenOptions& options) {
  const ConnectionId id = ++last_id_;
  auto& place = slots_[id];
  place = std::make_unique<Slot>(*this, id, family, port, options);
  return *place;
}

wire::Seq Connections::choose_iss(const Slot& slot, Instant now) const {
  if (slot.options.iss) return *slot.options.iss;
  return isns_.generate(layer_.interface().prefix(slot.family)->address, slot.tuple.local_port,
                        slot.tuple.remote, slot.tuple.remote_port, now);
}

std::uint32_t Connections::timestamp_offset(const Slot& slot) const {
  return isns_.timestamp_offset(layer_.interface().prefix(slot.family)->address,
                                slot.tuple.local_port, slot.tuple.remote, slot.tuple.remote_port);
}

Host::Opened Connections::open_passive(Family family, std::uint16_t port,
                                       const Host::OpenOptions& options, Instant now) {
  now_ = now;
  if (port == 0 || !layer_.interface().prefix(family)) return {0, Error::illegal};
  if (options.local && !layer_.interface().is_ours(*options.local)) return {0, Error::illegal};
  if (options.remote) {
    const Error error = check_remote(options.remote->address, options.remote->port);
    if (error != Error::none) return {0, error};
    if (options.remote->address.family != family) return {0, Error::illegal};
  }
  Slot& slot = make_slot(family, port, options);
  slot.connection.open_passive(now);
  wait_for_syn(slot);
  settle(slot);
  return {slot.id, Error::none};
}

Host::Opened Connections::open_active(const IpAddress& remote, std::uint16_t remote_port,
                                      std::uint16_t local_port, const Host::OpenOptions& options,
                                      Instant now) {
  now_ = now;
  const ip::Interface& interface = layer_.interface();
  if (const Error error = check_remote(remote, remote_port); error != Error::none)
    return {0, error};
  if (options.local && !interface.is_ours(*options.local)) return {0, Error::illegal};
  if (interface.is_ours(remote) || !layer_.has_route(remote)) return {0, Error::unreachable};
  std::optional<ip::OptionsV4> route;
  if (!options.source_route.empty()) {
    route = ip::source_route(options.source_route, remote);
    if (!route || remote.family != Family::v4) return {0, Error::illegal};
  }
  const std::uint16_t port = local_port != 0 ? local_port : free_port(remote, remote_port);
  if (port == 0) return {0, Error::no_resources};
  if (bound_.contains({remote, remote_port, port})) return {0, Error::already_exists};
  Slot& slot = make_slot(remote.family, port, options);
  slot.route = route;
  const ConnectionId id = slot.id;
  call(slot, {remote, remote_port}, now);
  settle(slot);
  return {id, Error::none};
}

Error Connections::check_remote(const IpAddress& remote, std::uint16_t port) const {
  if (port == 0 || remote.is_unspecified()) return Error::unspecified;
  // MUST-46: no OPEN to a broadcast or multicast address.
  const bool to_many = remote.is_multicast() || layer_.interface().is_broadcast(remote);
  return to_many ? Error::illegal : Error::none;
}

void Connections::call(Slot& slot, const Host::Remote& remote, Instant now) {
  slot.tuple = {remote.address, remote.port, slot.tuple.local_port};
  bind(slot);
  fit_path(slot);
  slot.connection.set_timestamp_offset(timestamp_offset(slot));
  slot.connection.open_active(choose_iss(slot, now), now);
}

/// RFC 9293 3.10.2: SEND makes a call of a passive OPEN that has named its peer.
Error Connections::call_from_listen(Slot& slot, Instant now) {
  const Host::Remote& remote = *slot.options.remote;
  if (layer_.interface().is_ours(remote.address) || !layer_.has_route(remote.address))
    return Error::unreachable;
  if (bound_.contains({remote.address, remote.port, slot.tuple.local_port}))
    return Error::already_exists;
  stop_waiting(slot);
  call(slot, remote, now);
  return Error::none;
}

/// RFC 6056 3.3.1 with a start that the secret decides. 0: every port is taken.
std::uint16_t Connections::free_port(const IpAddress& remote, std::uint16_t remote_port) {
  for (std::size_t tried = 0; tried < wire::dynamic_ports; ++tried) {
    const std::uint16_t port = next_ephemeral_;
    next_ephemeral_ = port == 0xffff ? first_dynamic_port : static_cast<std::uint16_t>(port + 1);
    if (!bound_.contains({remote, remote_port, port}) &&
        !passive_opens_.contains(listen_key(remote.family, port)) &&
        !listening_.contains(listen_key(remote.family, port)))
      return port;
  }
  return 0;
}

Error Connections::send(ConnectionId id, wire::Bytes text, bool push, bool urgent, Instant now,
                        std::size_t& taken) {
  now_ = now;
  taken = 0;
  Slot* found = slot(id);
  if (found == nullptr) return Error::does_not_exist;
  if (found->is_waiting && found->options.remote) {
    const Error refused = call_from_listen(*found, now);
    if (refused != Error::none) return refused;
  }
  const Error error = found->connection.send(text, push, urgent, now, taken);
  settle(*found);
  return error;
}

Error Connections::receive(ConnectionId id, wire::MutableBytes out, Instant now, std::size_t& got) {
  now_ = now;
  got = 0;
  Slot* found = slot(id);
  if (found == nullptr) return Error::does_not_exist;
  const Error error = found->connection.receive(out, now, got);
  if (got != 0) settle(*found);  // else nothing has changed
  return error;
}

Error Connections::close(ConnectionId id, Instant now) {
  now_ = now;
  Slot* found = slot(id);
  if (found == nullptr) return Error::does_not_exist;
  const Error error = found->connection.close(now);
  settle(*found);
  return error;
}

Error Connections::abort(ConnectionId id, Instant now) {
  now_ = now;
  Slot* found = slot(id);
  if (found == nullptr) return Error::does_not_exist;
  const Error error = found->connection.abort(now);
  settle(*found);
  return error;
}

Error Connections::stop_receiving(ConnectionId id, Instant now) {
  now_ = now;
  Slot* found = slot(id);
  if (found == nullptr) return Error::does_not_exist;
  const Error error = found->connection.stop_receiving(now);
  settle(*found);
  return error;
}

Error Connections::set(ConnectionId id, const Host::Settings& settings, Instant now) {
  now_ = now;
  Slot* found = slot(id);
  if (found == nullptr) return Error::does_not_exist;
  tcp::Connection& connection = found->connection;
  if (settings.ttl) found->options.ttl = settings.ttl;
  if (settings.tos) found->options.tos = settings.tos;
  if (settings.nodelay) connection.set_nagle(!*settings.nodelay, now);
  if (settings.keep_alive) {
    const bool off = *settings.keep_alive == Duration::zero();
    connection.set_keep_alive(off ? std::nullopt : settings.keep_alive, now);
  }
  if (settings.user_timeout) connection.set_user_timeout(*settings.user_timeout, now);
  if (settings.abort_on_close) connection.set_abort_on_close(*settings.abort_on_close);
  if (settings.receive_buffer) connection.set_receive_buffer(*settings.receive_buffer, now);
  if (settings.send_buffer) connection.set_send_buffer(*settings.send_buffer);
  settle(*found);
  return Error::none;
}

std::optional<Host::Remote> Connections::remote(ConnectionId id) const {
  const Slot* found = slot(id);
  if (found == nullptr || found->tuple.remote_port == 0) return {};
  return Host::Remote{found->tuple.remote, found->tuple.remote_port};
}

void Connections::release(ConnectionId id) {
  Slot* found = slot(id);
  if (found == nullptr) return;
  found->released = true;
  settle(*found);
}

void Connections::bind(Slot& slot) {
  bound_[slot.tuple] = &slot;
  slot.is_bound = true;
}

void Connections::unbind(Slot& slot) {
  if (!slot.is_bound) return;
  bound_.erase(slot.tuple);
  slot.is_bound = false;
}

void Connections::wait_for_syn(Slot& slot) {
  slot.tuple = {.local_port = slot.tuple.local_port};
  passive_opens_[listen_key(slot.family, slot.tuple.local_port)].insert(slot.id);
  slot.is_waiting = true;
}

void Connections::stop_waiting(Slot& slot) {
  if (!slot.is_waiting) return;
  const auto port = passive_opens_.find(listen_key(slot.family, slot.tuple.local_port));
  port->second.erase(slot.id);
  if (port->second.empty()) passive_opens_.erase(port);
  slot.is_waiting = false;
}

/// The tables know a closed connection no more, but by its id.
void Connections::retire(Slot& slot) {
  unbind(slot);
  stop_waiting(slot);
  deadlines_.remove(slot);
}

/// After every event of a connection: its place in the tables follows its state, its timer its
/// deadline. May end the life of `slot`.
void Connections::settle(Slot& slot) {
  // One connection has proof; the others to the same address need not lose a segment each.
  if (std::exchange(slot.learned_path_mtu, false)) path_mtu_changed(slot.tuple.remote);
  if (slot.listener != 0 && !settle_in_backlog(slot)) return;
  const State state = slot.connection.state();
  if (state == State::closed) {
    retire(slot);
    if (slot.released) slots_.erase(slot.id);
    return;
  }
  // RFC 9293 3.10.7.4: a reset in SYN-RECEIVED takes a passive OPEN back to LISTEN, free for any
  // peer.
  if (state == State::listen && slot.is_bound) {
    unbind(slot);
    wait_for_syn(slot);
  }
  deadlines_.set(slot, slot.connection.next_deadline());
}

/// The oldest passive OPEN that has named this peer, or else the oldest that has named none.
Connections::Slot* Connections::waiting_for(const Tuple& from) const {
  const auto port = passive_opens_.find(listen_key(from.remote.family, from.local_port));
  if (port == passive_opens_.end()) return nullptr;
  Slot* for_anybody = nullptr;
  for (const ConnectionId id : port->second) {
    Slot* const one = slot(id);
    const auto& named = one->options.remote;
    if (named && *named == Host::Remote{from.remote, from.remote_port}) return one;
    if (!named && for_anybody == nullptr) for_anybody = one;
  }
  return for_anybody;
}

Connections::Slot* Connections::match(const Tuple& tuple) {
  if (const auto exact = bound_.find(tuple); exact != bound_.end()) return exact->second;
  return waiting_for(tuple);
}

void Connections::trace(std::string_view rule) const {
  if (output_.trace) output_.trace(rule);
}

void Connections::input(const ip::Packet& packet, Instant now) {
  now_ = now;
  arriving_ = &packet;
  if (packet.group) return trace(rule::to_a_group);
  if (packet.src.is_unspecified()) return trace(rule::from_nowhere);
  // The checksum covers what the IP length says, so it can be judged before the header is believed.
  if (wire::transport_checksum(packet.src, packet.dst, packet.protocol, packet.payload) != 0)
    return trace(rule::bad_checksum);
  const auto view = wire::TcpView::parse(packet.payload);
  if (!view) return trace(rule::bad_offset);
  const Tuple from{packet.src, view->src_port(), view->dst_port()};
  tcp::Segment segment = read_segment(*view);
  // Who does not know the option does not echo it in a RST either.
  if (!config_.tcp.features.timestamps) segment.timestamps.reset();
  Slot* found = match(from);
  std::optional<wire::Seq> above;
  if (found != nullptr && found->connection.yields_to(segment) && somebody_listens(from)) {
    above = found->connection.send_next();
    found->connection.give_way();
    settle(*found);
    found = match(from);
  }
  if (found != nullptr) {
    if (found->is_waiting) return segment_for_listener(*found, from, segment, now, above);
    judge(*found, segment, now);
    return settle(*found);
  }
  const auto server = listening_.find(listen_key(from.remote.family, from.local_port));
  if (server != listening_.end()) return new_connection(server->second, from, segment, now, above);
  no_connection(from, segment, now);
}

/// A segment of a connection that has left LISTEN. Its source route is believed only if the segment
/// brought something new: anybody can forge one that is dropped, and would else have our text sent
/// his way.
void Connections::judge(Slot& slot, const tcp::Segment& segment, Instant now) {
  const tcp::Connection& connection = slot.connection;
  const std::size_t unacknowledged = connection.unacknowledged();
  const wire::Seq una = connection.send_unacknowledged(), next = connection.receive_next();
  slot.connection.on_segment(segment, now);
  // RFC 4861 7.3.1: what we sent has arrived, so the next hop works.
  if (slot.family == Family::v6 && connection.unacknowledged() < unacknowledged)
    layer_.progress(arriving_->src, now);
  if (connection.send_unacknowledged() != una || connection.receive_next() != next)
    take_source_route(slot, *arriving_);
}

/// Who could take the new incarnation of a connection in TIME-WAIT (RFC 6191 2): without one the
/// old connection must not be given up.
bool Connections::somebody_listens(const Tuple& from) const {
  if (waiting_for(from) != nullptr) return true;
  const auto server = listening_.find(listen_key(from.remote.family, from.local_port));
  return server != listening_.end() && !listeners_.at(server->second).backlog.full();
}

/// The peer counts only while the segment is judged: unless it moved the connection out of LISTEN,
/// the next one may come from anywhere. The numbers of a new incarnation begin above those of the
/// old one (RFC 1122 4.2.2.13).
void Connections::segment_for_listener(Slot& slot, const Tuple& from, const tcp::Segment& segment,
                                       Instant now, std::optional<wire::Seq> above) {
  slot.tuple = from;
  slot.route.reset();
  take_source_route(slot, *arriving_);
  fit_path(slot);
  wire::Seq iss = choose_iss(slot, now);
  if (above && wire::leq(iss, *above)) iss = *above + 1;
  slot.connection.set_iss(iss);
  slot.connection.set_timestamp_offset(timestamp_offset(slot));
  slot.connection.on_segment(segment, now);
  if (slot.connection.state() != State::listen) {
    stop_waiting(slot);
    bind(slot);
  } else {
    slot.tuple = {.local_port = from.local_port};
  }
  settle(slot);
}

/// RFC 9293 3.10.7.1.
void Connections::no_connection(const Tuple& from, const tcp::Segment& segment, Instant now) {
  const auto reset = tcp::reset_for(segment);
  trace(reset ? rule::no_connection_reset : rule::no_connection);
  if (reset) transmit(from, {}, *reset, now);
}

/// RFC 9293 MUST-53 and SHLD-24: a passive OPEN answers over the way by which it was called, and
/// the latest way counts. A way that the user has named stays (MUST-52).
void Connections::take_source_route(Slot& slot, const ip::Packet& packet) {
  if (packet.options.empty() || !slot.connection.opened_passively()) return;
  auto route = ip::return_route(packet.options, packet.src);
  if (!route) return;
  slot.route = route;
  fit_path(slot);
}

/// What is known of the way, and the IP options that every segment carries (RFC 9293 MUST-67).
void Connections::fit_path(Slot& slot) {
  const std::size_t options = slot.route ? slot.route->size : 0;
  slot.connection.path_mtu_changed(layer_.path_mtu(slot.tuple.remote) -
                                   static_cast<std::uint32_t>(options));
}

void Connections::transmit(const Tuple& to, const Carriage& carriage, const tcp::Segment& segment,
                           Instant now) {
  const wire::MutableBytes out = layer_.payload(segment_size(segment));
  write_segment(segment, {to.local_port, to.remote_port}, out);
  const IpAddress& local = layer_.interface().prefix(to.remote.family)->address;
  // With a source route the pseudo-header names the final destination (RFC 9293 3.1).
  wire::put16(out, 16, wire::transport_checksum(local, to.remote, wire::ip_protocol::tcp, out));
  ip::Outgoing packet{.dst = to.remote,
                      .protocol = wire::ip_protocol::tcp,
                      .ttl = carriage.ttl,
                      .tos = carriage.tos,
                      .df = config_.tcp.features.path_mtu_discovery};
  if (carriage.route != nullptr) {
    packet.dst = carriage.route->first_hop.value_or(to.remote);
    packet.options = carriage.route->bytes();
  }
  if (layer_.send(packet, now) != ip::Sent::ok) trace(rule::no_way);
}

/// RFC 9293 3.9.2.2, MUST-54. The quoted segment is one of ours: its source is our end.
Connections::Slot* Connections::quoted(const ip::ErrorReport& report) {
  const Tuple tuple{report.remote, wire::be16(report.transport, 2),
                    wire::be16(report.transport, 0)};
  const auto found = bound_.find(tuple);
  if (found != bound_.end()) return found->second;
  trace(rule::icmp_no_connection);
  return nullptr;
}

void Connections::error(const ip::ErrorReport& report, Instant now) {
  now_ = now;
  Slot* slot = quoted(report);
  if (slot == nullptr) return;
  slot->connection.on_icmp_error(report.hard, {wire::be32(report.transport, 4)}, now);
  settle(*slot);
}

void Connections::packet_too_big(const ip::ErrorReport& report, std::uint32_t mtu, Instant now) {
  now_ = now;
  Slot* slot = quoted(report);
  if (slot == nullptr) return;
  slot->connection.on_packet_too_big({wire::be32(report.transport, 4)}, mtu, now);
  settle(*slot);
}

void Connections::path_mtus_changed(Family family) {
  for (const auto& [id, slot] : slots_) {
    if (slot->is_bound && slot->family == family) fit_path(*slot);
  }
}

void Connections::path_mtu_changed(const IpAddress& remote) {
  for (const auto& [id, slot] : slots_) {
    if (slot->is_bound && slot->tuple.remote == remote) fit_path(*slot);
  }
}

std::optional<Instant> Connections::next_deadline() const {
  return deadlines_.next();
}

void Connections::advance(Instant now) {
  now_ = now;
  // A connection whose deadline does not move would hold up the clock for ever: each has a bounded
  // number of turns, and what is still due then shows in next_deadline().
  constexpr std::size_t turns_each = 16;
  std::size_t turns = turns_each * deadlines_.size();
  while (turns-- > 0 && deadlines_.next() && *deadlines_.next() <= now) {
    Slot& slot = deadlines_.front();
    slot.connection.on_timeout(now);
    settle(slot);
  }
}

}  // namespace tcproof::stack
