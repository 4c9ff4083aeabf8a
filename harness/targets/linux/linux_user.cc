// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/linux_user.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/epoll.h>

#include "harness/targets/linux/payload.h"
#include "harness/targets/linux/ping.h"
#include "harness/targets/linux/sockets.h"

namespace tcproof::harness {

using checks::Call;
using checks::ConnId;
using checks::Outcome;
using checks::State;
using checks::Step;

namespace {

constexpr int usual_backlog = 128;

}  // namespace

LinuxUser::LinuxUser(const checks::Case& one_case, NetnsNetwork& network, SockDiag diag, int epoll)
    : case_(one_case),
      network_(network),
      diag_(std::move(diag)),
      epoll_(epoll),
      own_address_(one_case.network.address(one_case.network.target, one_case.family)
                       .value_or(wire::IpAddress{one_case.family, {}})),
      connections_(one_case.connections.size()) {}

void LinuxUser::watch(int descriptor) const {
  // Edge-triggered: octets that no RECEIVE asks for must not keep the bench awake.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
  event.data.fd = descriptor;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
}

// --- calls -------------------------------------------------------------------------------------

void LinuxUser::call(const Step& step) {
  used(step.conn);
  pending_.push_back({&step});
  progress();
}

void LinuxUser::progress() {
  for (auto& one : connections_) {
    if (one.stream) one.stream->flush();
  }
  std::vector<std::uint16_t> ports;  // accepting may close the listener
  for (const auto& [port, listener] : listeners_) ports.push_back(port);
  for (const auto port : ports) accept_waiting(port, false);
  while (retry_once()) {
  }
}

bool LinuxUser::retry_once() {
  // Calls that wait return in the order they were made on their connection. The others do not wait
  // for them: a RECEIVE in the background holds up no SEND.
  std::vector<bool> receiving(connections_.size());
  for (const Pending& pending : pending_) {
    const Step& step = *pending.step;
    const bool receive = step.call.verb == Call::Verb::receive;
    if (receive && receiving[step.conn]) continue;
    auto done = attempt(step);
    if (!done) {
      receiving[step.conn] = receiving[step.conn] || receive;
      continue;
    }
    // By name: an ABORT has removed others.
    std::erase_if(pending_, [&](const Pending& one) { return one.step == &step; });
    returns_.push_back(std::move(*done));
    return true;
  }
  return false;
}

void LinuxUser::withdraw(checks::StepId id) {
  progress();
  const auto waits =
      std::ranges::find_if(pending_, [id](const Pending& one) { return one.step->id == id; });
  if (waits == pending_.end()) return;
  const Step& step = *waits->step;
  pending_.erase(waits);
  Return done = answer(step, Outcome::nothing);
  auto& stream = connections_[step.conn].stream;
  if (step.call.verb == Call::Verb::receive && stream) {
    done.octets = stream->take_read();
    if (!done.octets.empty()) done.outcome = Outcome::ok;
  }
  returns_.push_back(std::move(done));
}

std::optional<LinuxUser::Return> LinuxUser::attempt(const Step& step) {
  if (step.call.verb == Call::Verb::flush) return answer(step, flush(step.call.flush));
  if (const auto ttl = step.call.options.find("default-ttl"); ttl != step.call.options.end())
    return answer(step, set_default_ttl(ttl->second));
  if (step.call.verb == Call::Verb::ping) {
    const auto to = case_.network.address(connection(step.conn).host, case_.family);
    if (!to) return answer(step, Outcome::unspecified);
    return answer(step, ping(network_.target(), *to, target_payload(step.call, 0)));
  }
  return connection(step.conn).tcp ? attempt_tcp(step) : attempt_udp(step);
}

std::optional<LinuxUser::Return> LinuxUser::attempt_tcp(const Step& step) {
  Connection& one = connections_[step.conn];
  switch (step.call.verb) {
    case Call::Verb::open_passive: return answer(step, open_passive(step));
    case Call::Verb::open_active: return answer(step, open_active(step));
    case Call::Verb::close: return answer(step, end(step, false));
    case Call::Verb::abort: return answer(step, end(step, true));
    case Call::Verb::set: return answer(step, set(step));
    case Call::Verb::status:
      if (step.call.status == Call::Status::connection) return status(step);
      break;
    case Call::Verb::accept:
    case Call::Verb::send:
    case Call::Verb::receive:
    case Call::Verb::shutdown: break;
    case Call::Verb::flush:
    case Call::Verb::ping: return answer(step, Outcome::unsupported);
  }
  if (!one.opened) return answer(step, Outcome::no_connection);
  // An ACCEPT is implied by every call that needs the connection itself.
  if (!one.stream) accept_waiting(one.local_port, true);
  if (one.stream) return on_stream(step, *one.stream);
  if (state(step.conn) == State::closed) return answer(step, Outcome::no_connection);
  return {};
}

std::optional<LinuxUser::Return> LinuxUser::on_stream(const Step& step, Stream& stream) {
  switch (step.call.verb) {
    case Call::Verb::accept: return answer(step, Outcome::ok);
    case Call::Verb::send:
      return answer(step,
                    stream.send(target_payload(step.call, stream.given() + 1), step.call.urgent));
    case Call::Verb::receive: {
      auto got = stream.receive(step.call.count, step.call.all);
      if (!got) return {};
      Return done = answer(step, got->outcome);
      done.octets = std::move(got->octets);
      return done;
    }
    case Call::Verb::shutdown: return answer(step, stream.shutdown(step.call.shutdown));
    case Call::Verb::status: {
      Return done = answer(step, Outcome::ok);
      done.number = stream.number(step.call.status, case_.family);
      if (!done.number) done.outcome = Outcome::no_connection;
      return done;
    }
    case Call::Verb::open_passive:
    case Call::Verb::open_active:
    case Call::Verb::close:
    case Call::Verb::abort:
    case Call::Verb::set:
    case Call::Verb::flush:
    case Call::Verb::ping: break;
  }
  return answer(step, Outcome::unsupported);
}

// --- opening -----------------------------------------------------------------------------------

Outcome LinuxUser::open_passive(const Step& step) {
  Connection& one = connections_[step.conn];
  if (one.opened && state(step.conn) != State::closed) return Outcome::exists;
  if (named_remote(step.call)) return Outcome::unsupported;  // listen() takes anybody's call
  const auto last_used = one.last_used;
  one = Connection{};
  one.last_used = last_used;
  one.local_port = step.call.port.value_or(connection(step.conn).target_port);
  const Outcome outcome = listen(step, one.local_port);
  if (outcome != Outcome::ok) return outcome;
  one.opened = true;
  one.passive = true;
  if (const auto ends = tuple(step.conn)) {
    if (const auto older = diag_.look_up(*ends)) one.foreign_cookie = older->cookie;
  }
  return Outcome::ok;
}

Outcome LinuxUser::listen(const Step& step, std::uint16_t port) {
  auto found = listeners_.find(port);
  if (found != listeners_.end()) {
    Listener& shared = found->second;
    const Outcome set = set_options(shared.socket.get(), case_.family, step.call.options);
    if (set == Outcome::ok) ++shared.waiting;
    return set;
  }
  auto made = make_socket(network_.target(), case_.family, true);
  if (!made.socket) return outcome_of(made.number);
  const int fd = made.socket.get();
  const Outcome set = set_options(fd, case_.family, step.call.options);
  if (set != Outcome::ok) return set;
  const auto local = SocketAddress::any(case_.family, port);
  if (::bind(fd, local.get(), local.size) != 0) return outcome_of(errno);
  const int backlog = static_cast<int>(step.call.backlog.value_or(usual_backlog));
  if (::listen(fd, backlog) != 0) return outcome_of(errno);
  watch(fd);
  listeners_.emplace(port, Listener{std::move(made.socket), 1, step.call.backlog.has_value()});
  return Outcome::ok;
}

Outcome LinuxUser::open_active(const Step& step) {
  Connection& one = connections_[step.conn];
  if (one.opened && state(step.conn) != State::closed) return Outcome::exists;
  const auto remote = case_.network.address(connection(step.conn).host, case_.family);
  if (!remote) return Outcome::unspecified;
  const auto last_used = one.last_used;
  one = Connection{};
  one.last_used = last_used;
  auto made = make_socket(network_.target(), case_.family, true);
  if (!made.socket) return outcome_of(made.number);
  const int fd = made.socket.get();
  const Outcome set = set_options(fd, case_.family, step.call.options);
  if (set != Outcome::ok) return set;
  if (step.call.port) {
    const SocketAddress local(own_address_, *step.call.port);
    if (::bind(fd, local.get(), local.size) != 0) return outcome_of(errno);
  }
  const SocketAddress peer(named_remote(step.call).value_or(*remote),
                           connection(step.conn).tester_port);
  watch(fd);
  if (::connect(fd, peer.get(), peer.size) != 0 && errno != EINPROGRESS) return outcome_of(errno);
  one.local_port = local_port(fd);
  one.opened = true;
  one.stream.emplace(std::move(made.socket));
  return Outcome::ok;
}

std::optional<ConnId> LinuxUser::expected_from(const wire::IpAddress& ip, std::uint16_t port,
                                               std::uint16_t to_port) const {
  std::optional<ConnId> unopened;
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const auto conn = static_cast<ConnId>(i);
    const auto& wanted = connection(conn);
    if (!wanted.tcp || wanted.tester_port != port || connections_[i].stream) continue;
    if (case_.network.address(wanted.host, case_.family) != ip) continue;
    const Connection& one = connections_[i];
    if (one.opened && one.passive && one.local_port == to_port) return conn;
    if (!one.opened && !unopened) unopened = conn;
  }
  return unopened;
}

void LinuxUser::accept_waiting(std::uint16_t port, bool asked) {
  const auto found = listeners_.find(port);
  if (found == listeners_.end() || (found->second.keep_queue && !asked)) return;
  for (;;) {
    SocketAddress peer;
    UniqueFd taken(::accept4(found->second.socket.get(), peer.get(), &peer.size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!taken) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    watch(taken.get());
    const auto conn = expected_from(peer.ip(), peer.port(), port);
    if (conn) {
      Connection& one = connections_[*conn];
      one.opened = one.passive = one.came_up = true;
      one.local_port = port;
      one.stream.emplace(std::move(taken));
    } else {
      strays_.push_back(std::move(taken));
    }
    Listener& listener = found->second;
    if (listener.waiting > 0) --listener.waiting;
    if (listener.waiting > 0 || listener.keep_queue) continue;
    listeners_.erase(found);
    return;
  }
}

void LinuxUser::leave_listener(std::uint16_t port) {
  const auto found = listeners_.find(port);
  if (found == listeners_.end()) return;
  if (found->second.waiting > 1) {
    --found->second.waiting;
  } else {
    listeners_.erase(found);
  }
}

// --- ending ------------------------------------------------------------------------------------

Outcome LinuxUser::end(const Step& step, bool abort) {
  Connection& one = connections_[step.conn];
  if (!one.opened) return Outcome::no_connection;
  if (!one.stream) accept_waiting(one.local_port, true);
  const State now = state(step.conn);
  if (!one.stream) return end_unaccepted(step, now);
  if (now == State::closed) return Outcome::no_connection;
  if (!abort) return one.stream->close();
  // Sockets have no way to end a TIME-WAIT.
  if (now == State::time_wait) return Outcome::unsupported;
  one.stream->abort();
  one.stream.reset();
  one.opened = false;
  for (const Pending& waiting : pending_) {
    // RFC 9293 3.10.5: calls that are queued are told.
    if (waiting.step->conn != step.conn || waiting.step->id == step.id) continue;
    returns_.push_back(answer(*waiting.step, Outcome::reset));
  }
  std::erase_if(pending_, [&](const Pending& waiting) {
    return waiting.step->conn == step.conn && waiting.step->id != step.id;
  });
  return Outcome::ok;
}

Outcome LinuxUser::end_unaccepted(const Step& step, State now) {
  Connection& one = connections_[step.conn];
  // A connection that its listener has not handed out yet cannot be reached by a socket call.
  if (now != State::listen && now != State::closed) return Outcome::unsupported;
  one.opened = false;
  if (now == State::closed) return Outcome::no_connection;
  leave_listener(one.local_port);
  return Outcome::ok;
}

// --- everything else ---------------------------------------------------------------------------

Outcome LinuxUser::set(const Step& step) {
  Connection& one = connections_[step.conn];
  if (!one.opened) return Outcome::no_connection;
  int fd = -1;
  if (one.stream) {
    fd = one.stream->descriptor();
  } else if (const auto found = listeners_.find(one.local_port); found != listeners_.end()) {
    fd = found->second.socket.get();
  }
  return set_options(fd, case_.family, step.call.options);
}

LinuxUser::Return LinuxUser::status(const Step& step) {
  Connection& one = connections_[step.conn];
  if (!one.opened) return answer(step, Outcome::no_connection);
  if (one.stream) {
    if (const auto error = one.stream->ended()) return answer(step, *error);
  }
  const bool gone = state(step.conn) == State::closed;
  return answer(step, gone ? Outcome::no_connection : Outcome::ok);
}

Outcome LinuxUser::flush(Call::Flush what) {
  const auto done =
      what == Call::Flush::neighbours ? network_.flush_neighbours() : network_.flush_path_mtu();
  return done ? Outcome::ok : Outcome::illegal;
}

// --- UDP ---------------------------------------------------------------------------------------

std::optional<LinuxUser::Return> LinuxUser::attempt_udp(const Step& step) {
  Connection& one = connections_[step.conn];
  const auto verb = step.call.verb;
  if (verb == Call::Verb::open_passive || verb == Call::Verb::open_active) {
    return answer(step, open_udp(step));
  }
  if (!one.datagram) return answer(step, Outcome::no_connection);
  switch (verb) {
    case Call::Verb::send: return answer(step, send_udp(step));
    case Call::Verb::receive: return receive_udp(step);
    case Call::Verb::close:
    case Call::Verb::abort: one.datagram.reset(); return answer(step, Outcome::ok);
    case Call::Verb::set:
      return answer(step, set_options(one.datagram.get(), case_.family, step.call.options));
    case Call::Verb::status: return udp_status(step);
    case Call::Verb::accept:
    case Call::Verb::shutdown:
    case Call::Verb::open_passive:
    case Call::Verb::open_active:
    case Call::Verb::flush:
    case Call::Verb::ping: break;
  }
  return answer(step, Outcome::unsupported);
}

Outcome LinuxUser::set_default_ttl(std::int64_t value) {
  const std::string text = std::to_string(value);
  if (case_.family == wire::Family::v4)
    return outcome_of(network_.write_target_sysctl("net.ipv4.ip_default_ttl", text));
  return outcome_of(network_.write_target_sysctl("net.ipv6.conf.all.hop_limit", text));
}

Outcome LinuxUser::open_udp(const Step& step) {
  Connection& one = connections_[step.conn];
  if (one.datagram) return Outcome::exists;
  auto made = make_socket(network_.target(), case_.family, false);
  if (!made.socket) return outcome_of(made.number);
  const int fd = made.socket.get();
  auto options = step.call.options;
  const auto named_local = options.extract("local");  // goes with the port
  const Outcome set = set_options(fd, case_.family, options);
  if (set != Outcome::ok) return set;
  const auto& ends = connection(step.conn);
  const bool passive = step.call.verb == Call::Verb::open_passive;
  const auto port = step.call.port.value_or(passive ? ends.target_port : std::uint16_t{0});
  const auto local = named_local.empty() ? SocketAddress::any(case_.family, port)
                                         : SocketAddress(named_address(named_local.mapped()), port);
  if (::bind(fd, local.get(), local.size) != 0) return outcome_of(errno);
  one.named_peer = named_remote(step.call);
  one.last_received.reset();
  if (!passive) {
    const auto remote = case_.network.address(ends.host, case_.family);
    if (!remote) return Outcome::unspecified;
    const SocketAddress peer(one.named_peer.value_or(*remote), ends.tester_port);
    if (::connect(fd, peer.get(), peer.size) != 0) return outcome_of(errno);
  }
  watch(fd);
  one.opened = true;
  one.local_port = local_port(fd);
  one.datagram = std::move(made.socket);
  return Outcome::ok;
}

LinuxUser::Return LinuxUser::udp_status(const Step& step) {
  const Connection& one = connections_[step.conn];
  if (step.call.status == Call::Status::connection)
    return answer(step, pending_error(one.datagram.get()));
  Return done = answer(step, Outcome::ok);
  done.number = socket_number(one.datagram.get(), step.call.status, case_.family);
  if (!done.number && one.last_received) done.number = one.last_received->number(step.call.status);
  if (!done.number) done.outcome = Outcome::unsupported;
  return done;
}

Outcome LinuxUser::send_udp(const Step& step) {
  const int fd = connections_[step.conn].datagram.get();
  const auto remote = case_.network.address(connection(step.conn).host, case_.family);
  if (!remote) return Outcome::unspecified;
  const SocketAddress peer(connections_[step.conn].named_peer.value_or(*remote),
                           connection(step.conn).tester_port);
  const auto octets = target_payload(step.call, 0);
  const auto sent = ::sendto(fd, octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                             peer.get(), peer.size);
  return sent < 0 ? outcome_of(errno) : Outcome::ok;
}

std::optional<LinuxUser::Return> LinuxUser::receive_udp(const Step& step) {
  Connection& one = connections_[step.conn];
  auto got = receive_datagram(one.datagram.get());
  if (!got) {
    if (got.error() == EAGAIN || got.error() == EINTR) return {};
    return answer(step, outcome_of(got.error()));
  }
  wire::Buffer octets = std::exchange(got->octets, {});
  one.last_received = std::move(*got);
  if (!step.call.all && octets.size() > step.call.count) octets.resize(step.call.count);
  Return done = answer(step, Outcome::ok);
  done.octets = std::move(octets);
  return done;
}

// --- states ------------------------------------------------------------------------------------

std::optional<Tuple> LinuxUser::tuple(ConnId conn) const {
  const auto& ends = connection(conn);
  const auto remote = case_.network.address(ends.host, case_.family);
  const auto port = connections_[conn].local_port;
  if (!remote || port == 0) return {};
  return Tuple{own_address_, port, *remote, ends.tester_port};
}

bool LinuxUser::has_ports_now(ConnId conn) const {
  const auto ends = tuple(conn);
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    if (i == conn || connections_[i].last_used <= connections_[conn].last_used) continue;
    if (tuple(static_cast<ConnId>(i)) == ends) return false;
  }
  return true;
}

std::optional<ConnId> LinuxUser::connection_with(std::uint16_t local_port,
                                                 const wire::IpAddress& remote,
                                                 std::uint16_t remote_port) const {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const auto conn = static_cast<ConnId>(i);
    const auto ends = tuple(conn);
    const bool same = ends && ends->local_port == local_port && ends->remote == remote &&
                      ends->remote_port == remote_port;
    if (same && connection(conn).tcp && has_ports_now(conn)) return conn;
  }
  return {};
}

void LinuxUser::free_time_wait(ConnId conn) {
  const auto ends = tuple(conn);
  if (!connection(conn).tcp || !ends) return;
  const auto found = diag_.look_up(*ends);
  if (found && found->state == State::time_wait) diag_.destroy(*ends, *found);
}

bool LinuxUser::is_of(ConnId conn, std::uint64_t cookie) const {
  if (cookie == connections_[conn].cookie) return true;
  if (cookie == connections_[conn].foreign_cookie) return false;
  const auto has_it = [cookie](const Connection& one) { return one.cookie == cookie; };
  return std::ranges::none_of(connections_, has_it) && has_ports_now(conn);
}

State LinuxUser::state(ConnId conn) {
  Connection& one = connections_[conn];
  const auto ends = tuple(conn);
  if (!connection(conn).tcp || !ends) return State::closed;
  const auto found = diag_.look_up(*ends);
  if (found && is_of(conn, found->cookie)) {
    one.cookie = found->cookie;
    one.came_up = one.came_up || found->state != State::syn_received;
    return found->state;
  }
  const bool listens = has_ports_now(conn) && one.opened && one.passive && !one.came_up &&
                       listeners_.contains(one.local_port);
  return listens ? State::listen : State::closed;
}

}  // namespace tcproof::harness
