// SPDX-License-Identifier: Apache-2.0
#include "stack/host/connections.h"

#include <algorithm>
#include <array>

#include "stack/tcp/reset.h"
#include "stack/wire/checksum.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/numbers.h"

namespace tcproof::stack {

using tcp::Error;
using tcp::State;
using wire::Family;
using wire::IpAddress;

namespace {

constexpr std::uint16_t first_ephemeral = 49152;  // RFC 6335 6: the dynamic ports
constexpr std::size_t ephemeral_ports = 0x10000 - first_ephemeral;

std::uint32_t listen_key(Family family, std::uint16_t port) {
  return (family == Family::v4 ? 0U : 0x10000U) | port;
}

}  // namespace

/// A connection, who its peer is and where the host keeps it.
struct Connections::Slot final : tcp::Output {
  Slot(Connections& all, ConnectionId slot_id, Family slot_family, std::uint16_t port,
       const Host::OpenOptions& open_options)
      : owner(all),
        id(slot_id),
        family(slot_family),
        tuple{.local_port = port},
        options(open_options),
        connection(all.config_for(slot_family, open_options), *this) {}

  void segment(const tcp::Segment& segment) override {
    owner.transmit(tuple, options.ttl.value_or(64), options.tos.value_or(0), segment, owner.now_);
  }
  void transition(State from, State to, std::string_view rule) override {
    if (owner.output_.transition) owner.output_.transition(id, from, to, rule);
  }
  void trace(std::string_view rule) override {
    if (owner.output_.trace) owner.output_.trace(rule);
  }

  Connections& owner;
  ConnectionId id;
  Family family;
  Tuple tuple;  // of a listener only the local port counts
  Host::OpenOptions options;
  bool is_bound = false;
  bool is_listening = false;
  bool released = false;
  DeadlinePlace deadline;
  tcp::Connection connection;
};

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
          static_cast<std::uint16_t>(first_ephemeral + config.secret % ephemeral_ports)) {}

Connections::~Connections() = default;

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
  const std::uint32_t room = config_.mtu > headers ? config_.mtu - headers : 1;
  tcp::Config config = config_.tcp;
  config.mss = static_cast<std::uint16_t>(std::min<std::uint32_t>(room, 0xffff));
  if (options.mss) config.mss = std::min(config.mss, *options.mss);
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
  Slot& slot = make_slot(family, port, options);
  slot.connection.open_passive(now);
  listen(slot);
  settle(slot);
  return {slot.id, Error::none};
}

Host::Opened Connections::open_active(const IpAddress& remote, std::uint16_t remote_port,
                                      std::uint16_t local_port, const Host::OpenOptions& options,
                                      Instant now) {
  now_ = now;
  const ip::Interface& interface = layer_.interface();
  if (remote_port == 0 || remote.is_unspecified()) return {0, Error::unspecified};
  // MUST-46: no OPEN to a broadcast or multicast address.
  if (remote.is_multicast() || interface.is_broadcast(remote)) return {0, Error::illegal};
  if (interface.is_ours(remote) || !interface.next_hop(remote)) return {0, Error::unreachable};
  const std::uint16_t port = local_port != 0 ? local_port : free_port(remote, remote_port);
  if (port == 0) return {0, Error::no_resources};
  if (bound_.contains({remote, remote_port, port})) return {0, Error::already_exists};
  Slot& slot = make_slot(remote.family, port, options);
  slot.tuple = {remote, remote_port, port};
  bind(slot);
  const ConnectionId id = slot.id;
  slot.connection.set_timestamp_offset(timestamp_offset(slot));
  slot.connection.open_active(choose_iss(slot, now), now);
  settle(slot);
  return {id, Error::none};
}

/// RFC 6056 3.3.1 with a start that the secret decides. 0: every port is taken.
std::uint16_t Connections::free_port(const IpAddress& remote, std::uint16_t remote_port) {
  for (std::size_t tried = 0; tried < ephemeral_ports; ++tried) {
    const std::uint16_t port = next_ephemeral_;
    next_ephemeral_ = port == 0xffff ? first_ephemeral : static_cast<std::uint16_t>(port + 1);
    if (!bound_.contains({remote, remote_port, port}) &&
        !listeners_.contains(listen_key(remote.family, port)))
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
  settle(*found);
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

Error Connections::set_nodelay(ConnectionId id, bool on, Instant now) {
  now_ = now;
  Slot* found = slot(id);
  if (found == nullptr) return Error::does_not_exist;
  found->connection.set_nagle(!on, now);
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

void Connections::listen(Slot& slot) {
  slot.tuple = {.local_port = slot.tuple.local_port};
  listeners_[listen_key(slot.family, slot.tuple.local_port)].insert(slot.id);
  slot.is_listening = true;
}

void Connections::stop_listening(Slot& slot) {
  if (!slot.is_listening) return;
  const auto port = listeners_.find(listen_key(slot.family, slot.tuple.local_port));
  port->second.erase(slot.id);
  if (port->second.empty()) listeners_.erase(port);
  slot.is_listening = false;
}

/// After every event of a connection: its place in the tables follows its state, its timer its
/// deadline. May end the life of `slot`.
void Connections::settle(Slot& slot) {
  const State state = slot.connection.state();
  if (state == State::closed) {
    unbind(slot);
    stop_listening(slot);
    deadlines_.remove(slot);
    if (slot.released) slots_.erase(slot.id);
    return;
  }
  // RFC 9293 3.10.7.4: a reset in SYN-RECEIVED takes a passive OPEN back to LISTEN, free for any
  // peer.
  if (state == State::listen && slot.is_bound) {
    unbind(slot);
    listen(slot);
  }
  deadlines_.set(slot, slot.connection.next_deadline());
}

Connections::Slot* Connections::match(const Tuple& tuple) {
  if (const auto exact = bound_.find(tuple); exact != bound_.end()) return exact->second;
  const auto port = listeners_.find(listen_key(tuple.remote.family, tuple.local_port));
  return port == listeners_.end() ? nullptr : slot(*port->second.begin());
}

void Connections::input(const ip::Packet& packet, Instant now) {
  now_ = now;
  const auto trace = [&](std::string_view rule) {
    if (output_.trace) output_.trace(rule);
  };
  if (packet.group) return trace("drop: tcp, sent to a group, RFC 9293 MUST-57");
  if (packet.src.is_unspecified()) return trace("drop: tcp, no source address, RFC 9293 MUST-63");
  // The checksum covers what the IP length says, so it can be judged before the header is believed.
  if (wire::transport_checksum(packet.src, packet.dst, packet.protocol, packet.payload) != 0)
    return trace("drop: tcp, bad checksum, RFC 9293 MUST-3");
  const auto view = wire::TcpView::parse(packet.payload);
  if (!view) return trace("drop: tcp, the data offset does not fit what came, RFC 9293 3.1");
  const Tuple from{packet.src, view->src_port(), view->dst_port()};
  tcp::Segment segment = read_segment(*view);
  // Who does not know the option does not echo it in a RST either.
  if (!config_.tcp.features.timestamps) segment.timestamps.reset();
  Slot* found = match(from);
  if (found == nullptr) return no_connection(from, segment, now);
  if (found->is_listening) return segment_for_listener(*found, from, segment, now);
  if (new_incarnation(*found, from, segment, now)) return;
  found->connection.on_segment(segment, now);
  settle(*found);
}

/// RFC 6191 2: a SYN that is beyond the connection in TIME-WAIT ends it, if somebody listens. Its
/// successor's numbers begin above all of the old one's (RFC 1122 4.2.2.13).
bool Connections::new_incarnation(Slot& old, const Tuple& from, const tcp::Segment& segment,
                                  Instant now) {
  if (!old.connection.yields_to(segment)) return false;
  const auto port = listeners_.find(listen_key(from.remote.family, from.local_port));
  if (port == listeners_.end()) return false;
  Slot& listener = *slot(*port->second.begin());
  const wire::Seq above = old.connection.send_next();
  old.connection.give_way();
  settle(old);
  segment_for_listener(listener, from, segment, now, above);
  return true;
}

/// The peer counts only while the segment is judged: unless it moved the connection out of LISTEN,
/// the next one may come from anywhere.
void Connections::segment_for_listener(Slot& slot, const Tuple& from, const tcp::Segment& segment,
                                       Instant now, std::optional<wire::Seq> above) {
  slot.tuple = from;
  wire::Seq iss = choose_iss(slot, now);
  if (above && wire::leq(iss, *above)) iss = *above + 1;
  slot.connection.set_iss(iss);
  slot.connection.set_timestamp_offset(timestamp_offset(slot));
  slot.connection.on_segment(segment, now);
  if (slot.connection.state() != State::listen) {
    stop_listening(slot);
    bind(slot);
  } else {
    slot.tuple = {.local_port = from.local_port};
  }
  settle(slot);
}

/// RFC 9293 3.10.7.1.
void Connections::no_connection(const Tuple& from, const tcp::Segment& segment, Instant now) {
  const auto reset = tcp::reset_for(segment);
  if (output_.trace)
    output_.trace(reset ? "reset: no connection, 3.10.7.1" : "drop: no connection, 3.10.7.1");
  if (reset) transmit(from, 64, 0, *reset, now);
}

void Connections::transmit(const Tuple& to, std::uint8_t ttl, std::uint8_t tos,
                           const tcp::Segment& segment, Instant now) {
  const wire::MutableBytes out = layer_.payload(segment_size(segment));
  write_segment(segment, {to.local_port, to.remote_port}, out);
  const IpAddress& local = layer_.interface().prefix(to.remote.family)->address;
  wire::put16(out, 16, wire::transport_checksum(local, to.remote, wire::ip_protocol::tcp, out));
  const ip::Sent sent = layer_.send(
      {.dst = to.remote, .protocol = wire::ip_protocol::tcp, .ttl = ttl, .tos = tos}, now);
  if (sent != ip::Sent::ok && output_.trace) output_.trace("drop: tcp, no way to the destination");
}

/// RFC 9293 3.9.2.2, MUST-54. The quoted segment is one of ours: its source is our end.
void Connections::error(const ip::ErrorReport& report, Instant now) {
  now_ = now;
  const Tuple tuple{report.remote, wire::be16(report.transport, 2),
                    wire::be16(report.transport, 0)};
  const auto found = bound_.find(tuple);
  if (found == bound_.end()) {
    if (output_.trace) output_.trace("drop: icmp, about no connection of ours, RFC 5927 4");
    return;
  }
  Slot& slot = *found->second;
  slot.connection.on_icmp_error(report.hard, {wire::be32(report.transport, 4)}, now);
  settle(slot);
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
