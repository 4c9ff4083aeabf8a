// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/reference/reference_stack.h"

#include <array>
#include <utility>

#include "stack/wire/frame.h"
#include "stack/wire/numbers.h"

namespace tcproof::harness {
namespace {

using checks::Outcome;

Outcome outcome_of(tcp::Error error) {
  switch (error) {
    case tcp::Error::none: return Outcome::ok;
    case tcp::Error::connection_reset: return Outcome::reset;
    case tcp::Error::connection_refused: return Outcome::refused;
    // RFC 9293 3.10.5: calls that an ABORT ends are told "connection reset".
    case tcp::Error::connection_aborted: return Outcome::reset;
    case tcp::Error::user_timeout: return Outcome::timed_out;
    case tcp::Error::unreachable: return Outcome::unreachable;
    case tcp::Error::closing: return Outcome::closing;
    case tcp::Error::does_not_exist: return Outcome::no_connection;
    case tcp::Error::already_exists: return Outcome::exists;
    case tcp::Error::illegal: return Outcome::illegal;
    case tcp::Error::unspecified: return Outcome::unspecified;
    case tcp::Error::no_resources: return Outcome::no_resources;
  }
  return Outcome::illegal;
}

checks::State state_of(tcp::State state) {
  switch (state) {
    case tcp::State::closed: return checks::State::closed;
    case tcp::State::listen: return checks::State::listen;
    case tcp::State::syn_sent: return checks::State::syn_sent;
    case tcp::State::syn_received: return checks::State::syn_received;
    case tcp::State::established: return checks::State::established;
    case tcp::State::fin_wait_1: return checks::State::fin_wait_1;
    case tcp::State::fin_wait_2: return checks::State::fin_wait_2;
    case tcp::State::close_wait: return checks::State::close_wait;
    case tcp::State::closing: return checks::State::closing;
    case tcp::State::last_ack: return checks::State::last_ack;
    case tcp::State::time_wait: return checks::State::time_wait;
  }
  return checks::State::closed;
}

// A handle of 0 is none; the host counts as it likes.
StackInstance::Handle handle_of(std::uint32_t id) {
  return id + 1;
}
std::uint32_t id_of(StackInstance::Handle handle) {
  return handle - 1;
}

// An IPv4 address as the option `local` and STATUS name it.
wire::IpAddress named_address(std::int64_t value) {
  std::array<std::uint8_t, 4> octets{};
  wire::put32(octets, 0, static_cast<std::uint32_t>(value));
  return wire::IpAddress::from(wire::Family::v4, octets);
}
StackInstance::Answer number_of(const std::optional<wire::IpAddress>& address) {
  if (!address || address->family != wire::Family::v4) return {Outcome::unsupported, {}};
  return {Outcome::ok, std::int64_t{wire::be32(address->octets, 0)}};
}

stack::Host::OpenOptions host_options(const StackInstance::OpenOptions& options) {
  stack::Host::OpenOptions out;
  out.nodelay = options.nodelay;
  out.mss = options.mss;
  out.ttl = options.ttl;
  out.tos = options.tos;
  out.iss = options.iss;
  out.user_timeout = options.user_timeout;
  out.local = options.local;
  if (options.source_route) out.source_route = {*options.source_route};
  if (options.remote) out.remote = {options.remote->address, options.remote->port};
  return out;
}

}  // namespace

ReferenceStack::ReferenceStack(const stack::HostConfig& config, Output output)
    : output_(std::move(output)), features_(config.tcp.features), host_(config, host_output()) {}

stack::HostOutput ReferenceStack::host_output() {
  return {.frame = [this](wire::Bytes frame) { output_.frame(frame); },
          .transition = [this](stack::ConnectionId id, tcp::State from, tcp::State to,
                               std::string_view rule) { changed(id, from, to, rule); },
          .trace = [this](std::string_view rule) { output_.note(rule); },
          .report = {}};
}

void ReferenceStack::changed(stack::ConnectionId id, tcp::State from, tcp::State to,
                             std::string_view rule) {
  const Handle handle = handle_of(id);
  if (to == tcp::State::listen) {
    remotes_.erase(handle);
  } else if (from == tcp::State::listen && !arriving_.empty()) {
    // Who has found the listener is in the frame that the host is working on.
    const wire::FrameSpec frame = wire::dissect(arriving_);
    if (frame.ip && frame.ip->src && frame.tcp && frame.tcp->src_port)
      remotes_[handle] = Endpoint{*frame.ip->src, *frame.tcp->src_port};
  }
  output_.transition(handle, state_of(from), state_of(to), rule);
}

void ReferenceStack::input(wire::Bytes frame, Instant now) {
  arriving_ = frame;
  host_.input(frame, now);
  arriving_ = {};
}

StackInstance::Opened ReferenceStack::open_passive(wire::Family family, std::uint16_t port,
                                                   const OpenOptions& options, Instant now) {
  const auto opened = host_.open_passive(family, port, host_options(options), now);
  if (opened.error != tcp::Error::none) return {0, outcome_of(opened.error)};
  return {handle_of(opened.id), Outcome::ok};
}

StackInstance::Opened ReferenceStack::open_active(const Endpoint& remote, std::uint16_t local_port,
                                                  const OpenOptions& options, Instant now) {
  const auto opened =
      host_.open_active(remote.address, remote.port, local_port, host_options(options), now);
  if (opened.error != tcp::Error::none) return {0, outcome_of(opened.error)};
  remotes_[handle_of(opened.id)] = remote;
  return {handle_of(opened.id), Outcome::ok};
}

StackInstance::Moved ReferenceStack::send(Handle handle, wire::Bytes text, bool push, bool urgent,
                                          Instant now) {
  std::size_t taken = 0;
  const tcp::Error error = host_.send(id_of(handle), text, push, urgent, now, taken);
  // It may have made a call of a passive OPEN.
  if (const auto called = host_.remote(id_of(handle)); called && !remotes_.contains(handle))
    remotes_[handle] = Endpoint{called->address, called->port};
  return {outcome_of(error), taken};
}

StackInstance::Moved ReferenceStack::receive(Handle handle, wire::MutableBytes out, Instant now) {
  std::size_t got = 0;
  const tcp::Error error = host_.receive(id_of(handle), out, now, got);
  return {outcome_of(error), got};
}

Outcome ReferenceStack::close(Handle handle, Instant now) {
  return outcome_of(host_.close(id_of(handle), now));
}

Outcome ReferenceStack::abort(Handle handle, Instant now) {
  return outcome_of(host_.abort(id_of(handle), now));
}

Outcome ReferenceStack::shutdown(Handle handle, checks::Call::Shutdown what, Instant now) {
  // RFC 9293 3.6: CLOSE says "I have no more data to send" and leaves receiving as it is. With both
  // directions closed the close is half-duplex (3.6.1).
  if (what != checks::Call::Shutdown::send) {
    const Outcome stopped = outcome_of(host_.stop_receiving(id_of(handle), now));
    if (what == checks::Call::Shutdown::receive || stopped != Outcome::ok) return stopped;
  }
  return close(handle, now);
}

StackInstance::Answer ReferenceStack::status(Handle handle, checks::Call::Status subject) {
  using Status = checks::Call::Status;
  if (subject == Status::connection) return {outcome_of(host_.status(id_of(handle))), {}};
  const tcp::Connection* connection = host_.connection(id_of(handle));
  if (connection == nullptr) return {Outcome::no_connection, {}};
  switch (subject) {
    case Status::mss: return {Outcome::ok, connection->effective_send_mss()};
    case Status::unread: return {Outcome::ok, static_cast<std::int64_t>(connection->readable())};
    case Status::urgent: return {Outcome::ok, connection->urgent_unread()};
    case Status::path_mtu: return {Outcome::ok, connection->path_mtu()};
    case Status::retransmissions: return {Outcome::ok, connection->retransmissions()};
    case Status::source: return number_of(host_.source(wire::Family::v4));
    case Status::connection:
    case Status::destination:
    case Status::tos:
    case Status::ip_options: break;
  }
  return {Outcome::unsupported, {}};
}

Outcome ReferenceStack::set(Handle handle, std::string_view name, std::int64_t value, Instant now) {
  stack::Host::Settings settings;
  const auto octet = static_cast<std::uint8_t>(value);
  if (name == "nodelay") {
    settings.nodelay = value != 0;
  } else if (name == "keep-alive" && features_.keep_alive) {
    settings.keep_alive =
        value < 0 ? tcp::default_keep_alive_idle : Duration(value);  // `on`, and no more
  } else if (name == "user-timeout") {
    settings.user_timeout = Duration(value);
  } else if (name == "ttl") {
    settings.ttl = octet;
  } else if (name == "tos") {
    settings.tos = octet;
  } else if (name == "linger") {
    // No call blocks here, so a time to wait for means nothing, but none at all is an ABORT.
    settings.abort_on_close = value == 0;
  } else if (name == "receive-buffer") {
    settings.receive_buffer = static_cast<std::uint32_t>(value);
  } else if (name == "send-buffer") {
    settings.send_buffer = static_cast<std::uint32_t>(value);
  } else if (name != "urgent-inline" || value == 0) {  // urgent data is in line always (RFC 6093 6)
    return Outcome::unsupported;
  }
  return outcome_of(host_.set(id_of(handle), settings, now));
}

checks::State ReferenceStack::state(Handle handle) const {
  return state_of(host_.state(id_of(handle)));
}

std::optional<StackInstance::Endpoint> ReferenceStack::remote(Handle handle) const {
  const auto known = remotes_.find(handle);
  if (known == remotes_.end()) return {};
  return known->second;
}

StackInstance::Opened ReferenceStack::bind(wire::Family family, std::uint16_t port) {
  const auto bound = host_.bind_udp(family, port);
  if (bound.error != tcp::Error::none) return {0, outcome_of(bound.error)};
  return {handle_of(bound.id), Outcome::ok};
}

Outcome ReferenceStack::send_datagram(Handle handle, const Endpoint& remote, wire::Bytes data,
                                      Instant now) {
  return outcome_of(host_.send_udp(id_of(handle), remote.address, remote.port, data, now));
}

Outcome ReferenceStack::set_datagram(Handle handle, std::string_view name, std::int64_t value) {
  stack::Host::DatagramOptions& options = datagrams_[handle].options;
  if (name == "ttl") {
    options.ttl = static_cast<std::uint8_t>(value);
  } else if (name == "tos") {
    options.tos = static_cast<std::uint8_t>(value);
  } else if (name == "ip-options") {
    options.options.resize(value == 0 ? 0 : 4);
    if (value != 0) wire::put32(options.options, 0, static_cast<std::uint32_t>(value));
  } else if (name == "local") {
    options.local = named_address(value);
  } else {
    return Outcome::unsupported;
  }
  return outcome_of(host_.set_udp(id_of(handle), options));
}

std::optional<wire::Buffer> ReferenceStack::receive_datagram(Handle handle) {
  auto datagram = host_.receive_udp(id_of(handle));
  if (!datagram) return {};
  auto data = std::exchange(datagram->data, {});
  datagrams_[handle].last = std::move(datagram);
  return data;
}

StackInstance::Answer ReferenceStack::datagram_status(Handle handle, checks::Call::Status subject) {
  using Status = checks::Call::Status;
  const auto& last = datagrams_[handle].last;
  switch (subject) {
    case Status::source: return number_of(host_.source(wire::Family::v4));
    case Status::destination: return last ? number_of(last->local) : Answer{Outcome::nothing, {}};
    case Status::tos: return last ? Answer{Outcome::ok, last->tos} : Answer{Outcome::nothing, {}};
    case Status::ip_options:
      if (!last) return {Outcome::nothing, {}};
      return {Outcome::ok, last->options.empty() ? 0 : std::int64_t{wire::be32(last->options, 0)}};
    case Status::connection:
    case Status::path_mtu:
    case Status::mss:
    case Status::urgent:
    case Status::unread:
    case Status::retransmissions: break;
  }
  return {Outcome::unsupported, {}};
}

Outcome ReferenceStack::datagram_error(Handle handle) {
  return outcome_of(host_.udp_error(id_of(handle)));
}

void ReferenceStack::unbind(Handle handle) {
  datagrams_.erase(handle);
  host_.close_udp(id_of(handle));
}

Outcome ReferenceStack::ping(const wire::IpAddress& remote, std::size_t octets, Instant now) {
  host_.ping(remote, octets, now);
  return Outcome::ok;
}

Outcome ReferenceStack::flush(checks::Call::Flush what) {
  switch (what) {
    case checks::Call::Flush::neighbours: host_.flush_neighbours(); break;
    case checks::Call::Flush::path_mtu: host_.flush_path_mtu(); break;
  }
  return Outcome::ok;
}

Outcome ReferenceStack::set_host(std::string_view name, std::int64_t value) {
  if (name != "default-ttl") return Outcome::unsupported;
  return outcome_of(host_.set_default_ttl(static_cast<std::uint8_t>(value)));
}

}  // namespace tcproof::harness
