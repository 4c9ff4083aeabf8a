// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/application.h"

#include <algorithm>
#include <utility>

namespace tcproof::harness {
namespace {

using checks::Call;
using checks::Outcome;

// What one RECEIVE asks the stack for at a time.
constexpr std::size_t receive_piece = 65536;

// As a case names an IPv4 address in an option.
wire::IpAddress address_of(std::int64_t value) {
  const auto octet = [value](int shift) { return static_cast<std::uint8_t>(value >> shift); };
  return wire::IpAddress::v4(octet(24), octet(16), octet(8), octet(0));
}

// Empty if a word among the options is none that an in-process stack can be given.
std::optional<StackInstance::OpenOptions> open_options(const checks::Step& step,
                                                       const checks::Connection& connection) {
  StackInstance::OpenOptions options;
  options.iss = connection.target_isn;
  options.backlog = step.call.backlog;
  for (const auto& [name, value] : step.call.options) {
    if (name == "nodelay") {
      options.nodelay = value != 0;
    } else if (name == "mss") {
      options.mss = static_cast<std::uint16_t>(value);
    } else if (name == "ttl") {
      options.ttl = static_cast<std::uint8_t>(value);
    } else if (name == "tos") {
      options.tos = static_cast<std::uint8_t>(value);
    } else if (name == "user-timeout") {
      options.user_timeout = Duration(value);
    } else if (name == "local") {
      options.local = address_of(value);
    } else if (name == "source-route") {
      options.source_route = address_of(value);
    } else if (name == "remote") {
      // With an active OPEN the peer's part, below.
      if (step.call.verb == Call::Verb::open_passive)
        options.remote = StackInstance::Endpoint{address_of(value), connection.tester_port};
    } else {
      return {};
    }
  }
  return options;
}

}  // namespace

Application::Application(const checks::Case& one_case, StackInstance& stack, Returned returned)
    : case_(one_case),
      stack_(stack),
      returned_(std::move(returned)),
      sockets_(one_case.connections.size()) {}

void Application::call(const checks::Step& step, Instant now) {
  if (const auto done = run(step, now)) returned_(step.id, done->outcome, done->number, {});
}

// Calls that can wait are put to the others of their kind, so that they return in the order they
// were made.
std::optional<Application::Done> Application::run(const checks::Step& step, Instant now) {
  switch (step.call.verb) {
    case Call::Verb::open_passive:
    case Call::Verb::open_active: return open(step, now);
    case Call::Verb::accept:
    case Call::Verb::receive:
      pending_.push_back({&step, {}});
      retry(now);
      return {};
    case Call::Verb::send: return send(step, now);
    case Call::Verb::close: return close(step, now);
    case Call::Verb::abort:
      socket(step).unsent.clear();
      if (socket(step).handle == 0) return Done{Outcome::no_connection, {}};
      return Done{stack_.abort(socket(step).handle, now), {}};
    case Call::Verb::shutdown: return shutdown(step, now);
    case Call::Verb::status: return status(step);
    case Call::Verb::set: return set(step, now);
    case Call::Verb::flush: return Done{stack_.flush(step.call.flush), {}};
    case Call::Verb::ping: return ping(step, now);
  }
  return Done{Outcome::unsupported, {}};
}

Application::Done Application::open(const checks::Step& step, Instant now) {
  if (!case_.connections[step.conn].tcp) return open_udp(step);
  return open_tcp(step, now);
}

Application::Done Application::open_tcp(const checks::Step& step, Instant now) {
  const checks::Connection& connection = case_.connections[step.conn];
  Socket& one = socket(step);
  // RFC 9293 3.10.1: OPEN of a connection that exists.
  if (one.handle != 0 && stack_.state(one.handle) != checks::State::closed)
    return {Outcome::exists, {}};
  const auto options = open_options(step, connection);
  const bool names_ways = options && (options->local || options->source_route || options->remote);
  if (!options || (names_ways && !stack_.opens_from_and_by())) return {Outcome::unsupported, {}};

  StackInstance::Opened opened;
  one = Socket{};
  if (step.call.verb == Call::Verb::open_passive) {
    one.listens_on = step.call.port.value_or(connection.target_port);
    opened = stack_.open_passive(case_.family, one.listens_on, *options, now);
  } else {
    auto remote = peer(step);
    if (!remote) return {Outcome::unspecified, {}};
    const auto named = step.call.options.find("remote");
    if (named != step.call.options.end()) remote->address = address_of(named->second);
    opened = stack_.open_active(*remote, step.call.port.value_or(0), *options, now);
  }
  one.handle = opened.handle;
  return {opened.outcome, {}};
}

Application::Done Application::open_udp(const checks::Step& step) {
  Socket& one = socket(step);
  if (one.handle != 0) return {Outcome::exists, {}};
  const bool passive = step.call.verb == Call::Verb::open_passive;
  const std::uint16_t usual = passive ? case_.connections[step.conn].target_port : std::uint16_t{0};
  const auto opened = stack_.bind(case_.family, step.call.port.value_or(usual));
  if (opened.outcome != Outcome::ok) return {opened.outcome, {}};
  one = Socket{};
  one.handle = opened.handle;
  const auto named = step.call.options.find("remote");
  if (named != step.call.options.end()) one.named_peer = address_of(named->second);
  const Done set = set_datagram(one, step.call);
  if (set.outcome != Outcome::ok) stack_.unbind(std::exchange(one.handle, 0));
  return set;
}

Application::Done Application::set_datagram(const Socket& one, const Call& call) {
  for (const auto& [name, value] : call.options) {
    if (name == "remote") continue;  // of every SEND
    const Outcome outcome = stack_.set_datagram(one.handle, name, value);
    if (outcome != Outcome::ok) return {outcome, {}};
  }
  return {};
}

wire::Buffer Application::text_of(const Call& call, std::uint64_t first) const {
  if (call.data) return *call.data;
  wire::Buffer text(call.count);
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = checks::target_octet(first + i);
  return text;
}

std::optional<StackInstance::Endpoint> Application::peer(const checks::Step& step) const {
  const checks::Connection& connection = case_.connections[step.conn];
  const auto address = case_.network.address(connection.host, case_.family);
  if (!address) return {};
  return StackInstance::Endpoint{*address, connection.tester_port};
}

Application::Done Application::send(const checks::Step& step, Instant now) {
  if (socket(step).handle == 0) return {Outcome::no_connection, {}};
  if (case_.connections[step.conn].tcp) return send_tcp(socket(step), step.call, now);
  return send_udp(step, now);
}

Application::Done Application::send_tcp(Socket& one, const Call& call, Instant now) {
  const wire::Buffer text = text_of(call, one.next_octet);
  std::size_t taken = 0;
  if (one.close_when_sent) return {Outcome::closing, {}};
  if (one.unsent.empty()) {
    const auto moved = stack_.send(one.handle, text, call.push, call.urgent, now);
    if (moved.outcome != Outcome::ok) return {moved.outcome, {}};
    taken = moved.done;
    one.push = one.urgent = false;
  }
  one.next_octet += text.size();
  if (taken < text.size()) {
    one.unsent.insert(one.unsent.end(), text.begin() + static_cast<std::ptrdiff_t>(taken),
                      text.end());
    one.push |= call.push;
    one.urgent |= call.urgent;
  }
  return {};
}

Application::Done Application::send_udp(const checks::Step& step, Instant now) {
  auto remote = peer(step);
  if (!remote) return {Outcome::unspecified, {}};
  remote->address = socket(step).named_peer.value_or(remote->address);
  const wire::Buffer text = text_of(step.call, 0);
  return {stack_.send_datagram(socket(step).handle, *remote, text, now), {}};
}

Application::Done Application::close(const checks::Step& step, Instant now) {
  Socket& one = socket(step);
  if (one.handle == 0) return {Outcome::no_connection, {}};
  if (!case_.connections[step.conn].tcp) {
    stack_.unbind(std::exchange(one.handle, 0));
    return {};
  }
  // RFC 9293 3.10.4: CLOSE is queued until everything that was sent before has gone.
  if (!one.unsent.empty()) {
    if (std::exchange(one.close_when_sent, true)) return {Outcome::closing, {}};
    return {};
  }
  return {stack_.close(one.handle, now), {}};
}

Application::Done Application::shutdown(const checks::Step& step, Instant now) {
  Socket& one = socket(step);
  if (one.handle == 0) return {Outcome::no_connection, {}};
  if (!case_.connections[step.conn].tcp) return {Outcome::unsupported, {}};
  if (step.call.shutdown == Call::Shutdown::send && !one.unsent.empty()) {
    one.close_when_sent = true;
    return {};
  }
  return {stack_.shutdown(one.handle, step.call.shutdown, now), {}};
}

Application::Done Application::status(const checks::Step& step) {
  const Socket& one = socket(step);
  if (one.handle == 0) return {Outcome::no_connection, {}};
  if (case_.connections[step.conn].tcp) {
    const auto answer = stack_.status(one.handle, step.call.status);
    return {answer.outcome, answer.number};
  }
  if (step.call.status == Call::Status::connection) return {stack_.datagram_error(one.handle), {}};
  const auto answer = stack_.datagram_status(one.handle, step.call.status);
  return {answer.outcome, answer.number};
}

Application::Done Application::set(const checks::Step& step, Instant now) {
  const auto& options = step.call.options;
  if (const auto ttl = options.find("default-ttl"); ttl != options.end())
    return {stack_.set_host(ttl->first, ttl->second), {}};
  const Socket& one = socket(step);
  if (one.handle == 0) return {Outcome::no_connection, {}};
  if (!case_.connections[step.conn].tcp) return set_datagram(one, step.call);
  for (const auto& [name, value] : step.call.options) {
    const Outcome outcome = stack_.set(one.handle, name, value, now);
    if (outcome != Outcome::ok) return {outcome, {}};
  }
  return {};
}

Application::Done Application::ping(const checks::Step& step, Instant now) {
  const auto remote = peer(step);
  if (!remote) return {Outcome::unspecified, {}};
  return {stack_.ping(remote->address, step.call.count, now), {}};
}

void Application::retry(Instant now) {
  if (!pending_.empty())
    while (retry_once(now)) {
    }
  for (Socket& one : sockets_)
    if (!one.unsent.empty() && flush_unsent(one, now) && std::exchange(one.close_when_sent, false))
      stack_.close(one.handle, now);
}

bool Application::retry_once(Instant now) {
  std::vector<bool> served(sockets_.size());
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    Pending& pending = pending_[i];
    // Octets go to the oldest call of a connection.
    if (served[pending.step->conn]) continue;
    served[pending.step->conn] = true;
    const auto done = attempt(pending, now);
    if (!done) continue;
    const Pending finished = std::move(pending);
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
    returned_(finished.step->id, done->outcome, done->number, finished.got);
    return true;
  }
  return false;
}

std::optional<Application::Done> Application::attempt(Pending& pending, Instant now) {
  const Socket& one = socket(*pending.step);
  if (one.handle == 0) return Done{Outcome::no_connection, {}};
  const bool tcp = case_.connections[pending.step->conn].tcp;
  if (pending.step->call.verb == Call::Verb::accept)
    return tcp ? accept(one) : Done{Outcome::unsupported, {}};
  return tcp ? receive_tcp(one, pending, now) : receive_udp(one, pending);
}

std::optional<Application::Done> Application::accept(const Socket& one) {
  switch (stack_.state(one.handle)) {
    case checks::State::listen:
    case checks::State::syn_sent:
    case checks::State::syn_received: return {};
    case checks::State::closed: {
      const auto ended = stack_.status(one.handle, Call::Status::connection).outcome;
      return Done{ended == Outcome::ok ? Outcome::no_connection : ended, {}};
    }
    case checks::State::established:
    case checks::State::fin_wait_1:
    case checks::State::fin_wait_2:
    case checks::State::close_wait:
    case checks::State::closing:
    case checks::State::last_ack:
    case checks::State::time_wait: return Done{};
  }
  return Done{};
}

std::optional<Application::Done> Application::receive_tcp(const Socket& one, Pending& pending,
                                                          Instant now) {
  const Call& call = pending.step->call;
  while (call.all || pending.got.size() < call.count) {
    const std::size_t room = call.all ? receive_piece : call.count - pending.got.size();
    scratch_.resize(std::min(room, receive_piece));
    const auto moved = stack_.receive(one.handle, scratch_, now);
    const auto stop = scratch_.begin() + static_cast<std::ptrdiff_t>(moved.done);
    pending.got.insert(pending.got.end(), scratch_.begin(), stop);
    if (moved.outcome == Outcome::closing && call.all) return Done{};
    if (moved.outcome != Outcome::ok) return Done{moved.outcome, {}};
    if (moved.done == 0) return {};
  }
  return Done{};
}

std::optional<Application::Done> Application::receive_udp(const Socket& one, Pending& pending) {
  const Call& call = pending.step->call;
  if (auto datagram = stack_.receive_datagram(one.handle)) {
    pending.got = std::move(*datagram);
    if (!call.all && pending.got.size() > call.count) pending.got.resize(call.count);
    return Done{};
  }
  const Outcome error = stack_.datagram_error(one.handle);
  if (error != Outcome::ok) return Done{error, {}};
  return {};
}

bool Application::flush_unsent(Socket& one, Instant now) {
  const auto moved = stack_.send(one.handle, one.unsent, one.push, one.urgent, now);
  if (moved.outcome != Outcome::ok) {
    // The connection is gone, and with it what it had not taken.
    one.unsent.clear();
    one.close_when_sent = false;
    return false;
  }
  one.unsent.erase(one.unsent.begin(),
                   one.unsent.begin() + static_cast<std::ptrdiff_t>(moved.done));
  return one.unsent.empty();
}

void Application::withdraw(checks::StepId step) {
  const auto waits =
      std::ranges::find_if(pending_, [step](const Pending& one) { return one.step->id == step; });
  if (waits == pending_.end()) return;
  const Pending withdrawn = std::move(*waits);
  pending_.erase(waits);
  returned_(step, withdrawn.got.empty() ? Outcome::nothing : Outcome::ok, {}, withdrawn.got);
}

checks::State Application::state(checks::ConnId conn) const {
  if (conn >= sockets_.size() || sockets_[conn].handle == 0) return checks::State::closed;
  if (!case_.connections[conn].tcp) return checks::State::closed;
  return stack_.state(sockets_[conn].handle);
}

std::optional<checks::ConnId> Application::connection_of(StackInstance::Handle handle) const {
  for (std::size_t c = 0; c < sockets_.size(); ++c)
    if (sockets_[c].handle == handle && case_.connections[c].tcp)
      return static_cast<checks::ConnId>(c);
  return {};
}

void Application::match_listener(StackInstance::Handle handle) {
  const auto taken_by = connection_of(handle);
  const auto remote = stack_.remote(handle);
  if (!taken_by || !remote) return;
  const auto meant = [&](std::size_t c) {
    const checks::Connection& connection = case_.connections[c];
    return connection.tcp && connection.tester_port == remote->port &&
           case_.network.address(connection.host, case_.family) == remote->address;
  };
  if (meant(*taken_by)) return;
  Socket& wrong = sockets_[*taken_by];
  for (std::size_t c = 0; c < sockets_.size(); ++c) {
    Socket& right = sockets_[c];
    if (!meant(c) || right.handle == 0 || right.listens_on != wrong.listens_on) continue;
    if (stack_.state(right.handle) != checks::State::listen) continue;
    std::swap(right.handle, wrong.handle);
    return;
  }
}

}  // namespace tcproof::harness
