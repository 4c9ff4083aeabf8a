// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/linux_bench.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/epoll.h>

namespace tcproof::harness {
namespace {

using checks::ConnId;
using checks::HostId;
using checks::LinkId;
using checks::State;
using checks::StepId;

constexpr std::uint32_t smallest_v6_mtu = 1280;

tl::unexpected<EnvironmentError> not_here(const std::string& step, std::string why,
                                          std::string remedy) {
  return tl::unexpected(skip_case(step, std::move(why), std::move(remedy)));
}

Tried<void> write_sysctls(const checks::Case& one_case, NetnsNetwork& network) {
  for (const auto& [name, value] : one_case.sysctls) {
    const int number = network.write_target_sysctl(name, value);
    if (number == 0) continue;
    return not_here(
        fmt::format("set {} = {} for the target", name, value),
        std::generic_category().message(number),
        "this kernel, or a user namespace, does not have it: leave it out of the profile");
  }
  return {};
}

void index_steps(const std::vector<checks::Step>& steps, std::vector<ConnId>& conns) {
  for (const checks::Step& step : steps) {
    if (conns.size() <= step.id) conns.resize(std::size_t{step.id} + 1);
    conns[step.id] = step.conn;
    index_steps(step.members, conns);
    for (const auto& alternative : step.alternatives) index_steps(alternative.steps, conns);
  }
}

}  // namespace

Tried<std::unique_ptr<LinuxBench>> LinuxBench::open(const checks::Case& one_case,
                                                    const Shared& shared) {
  for (const auto& link : one_case.network.links) {
    if (one_case.family == wire::Family::v4 || link.mtu >= smallest_v6_mtu) continue;
    return not_here("run a case over IPv6",
                    fmt::format("link '{}' has an MTU of {}", link.name, link.mtu),
                    "IPv6 needs links of 1280 octets and more (RFC 8200 5)");
  }
  NetnsNetwork::Options options{.manual_neighbours = one_case.manual_neighbours,
                                .seed = one_case.seed,
                                .draws = one_case.id,
                                .tester = shared.tester,
                                .serial = shared.serial,
                                .proc = {}};
  auto network = shared.pool != nullptr
                     ? shared.pool->take(one_case.network, std::move(options))
                     : NetnsNetwork::build(one_case.network, std::move(options), shared.reaper);
  if (!network) return tl::unexpected(network.error());
  if (one_case.family == wire::Family::v6 && !has_ipv6()) {
    return not_here("run a case over IPv6", "this kernel runs without IPv6",
                    "boot without ipv6.disable=1");
  }
  if (network->path().empty()) {
    return not_here("build the network of the case", "the tester has no way to the target",
                    "join them by links and routers");
  }
  if (auto ok = write_sysctls(one_case, *network); !ok) return tl::unexpected(ok.error());
  auto diag = SockDiag::open(network->target());
  if (!diag) return tl::unexpected(diag.error());
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return tl::unexpected(environment_error("make an epoll descriptor", errno));
  for (auto& tap : network->taps()) {
    for (const link::PacketSocket* socket :
         {&tap.socket, tap.far_side ? &*tap.far_side : nullptr}) {
      if (socket == nullptr) continue;
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = socket->descriptor();
      if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, event.data.fd, &event) != 0) {
        return tl::unexpected(environment_error("watch a packet socket", errno));
      }
    }
  }
  return std::unique_ptr<LinuxBench>(new LinuxBench(one_case, std::move(*network), std::move(*diag),
                                                    std::move(epoll), shared.tracer));
}

LinuxBench::LinuxBench(const checks::Case& one_case, NetnsNetwork network, SockDiag diag,
                       UniqueFd epoll, StateTracer* tracer)
    : case_(one_case),
      epoll_(std::move(epoll)),
      network_(std::move(network)),
      user_(one_case, network_, std::move(diag), epoll_.get()),
      fence_(one_case.network, network_.path()),
      clock_(ClockWatch::read()),
      tracer_(tracer),
      last_states_(one_case.connections.size(), State::closed) {
  index_steps(one_case.steps, conn_of_step_);
  if (tracer_ == nullptr) return;
  traced_ = StateTracer::id_of(network_.target());
  tracer_->follow(traced_);
}

LinuxBench::~LinuxBench() {
  if (tracer_ != nullptr) tracer_->forget(traced_);
  free_time_waits();
}

void LinuxBench::free_time_waits() {
  for (std::size_t i = 0; i < last_states_.size(); ++i) {
    if (last_states_[i] == State::time_wait) user_.free_time_wait(static_cast<ConnId>(i));
  }
}

void LinuxBench::watch_clock() {
  const auto step = clock_.stepped(ClockWatch::read());
  if (!step) return;
  const double ms = std::chrono::duration<double, std::milli>(*step).count();
  trouble(fmt::format("the machine's clock was set by {:+.3f} ms during the attempt", ms), true);
}

Instant LinuxBench::now() const {
  return link::wall_clock();
}

NetnsNetwork::Tap* LinuxBench::tap_of(LinkId link) {
  const auto found = std::ranges::find(network_.taps(), link, &NetnsNetwork::Tap::link);
  return found == network_.taps().end() ? nullptr : &*found;
}

void LinuxBench::trouble(std::string what, bool inconclusive) {
  noticed_.push_back(checks::Trouble{now(), std::move(what), inconclusive});
}

void LinuxBench::send(checks::Trace& trace, LinkId link, HostId from, StepId step,
                      wire::Bytes octets) {
  NetnsNetwork::Tap* const tap = tap_of(link);
  if (tap == nullptr || tap->near != from) {
    const auto& hosts = case_.network.hosts;
    trouble(fmt::format("no frame can be sent as if from '{}' on link '{}'",
                        from < hosts.size() ? hosts[from].name : "?",
                        link < case_.network.links.size() ? case_.network.links[link].name : "?"),
            false);
    return;
  }
  notice(trace);
  if (step < conn_of_step_.size()) user_.used(conn_of_step_[step]);
  const checks::Span32 span = trace.keep(octets);
  const Instant at = now();
  const int number = tap->socket.send(octets);
  trace.add(checks::FrameSent{at, link, from, step, span});
  if (number != 0) {
    // Want of room passes: what was sent before has not been taken in yet, on a busy machine.
    const bool full = number == EAGAIN || number == ENOBUFS || number == ENOMEM;
    trouble(fmt::format("a frame of {} octets was not sent: {}", octets.size(),
                        std::generic_category().message(number)),
            full);
    return;
  }
  user_.progress();
  sample();
}

void LinuxBench::call(checks::Trace& trace, const checks::Step& step) {
  notice(trace);
  trace.add(checks::CallMade{now(), step.id});
  user_.call(step);
  collect_returns(trace);
  sample();
}

void LinuxBench::withdraw(checks::Trace& trace, StepId step) {
  user_.withdraw(step);
  collect_returns(trace);
}

void LinuxBench::collect_returns(checks::Trace& trace) {
  for (const auto& done : user_.take_returns()) {
    const checks::Span32 span = trace.keep(done.octets);
    noticed_.push_back(checks::CallReturned{now(), done.step, done.outcome, done.number, span});
  }
}

void LinuxBench::take_transitions() {
  if (tracer_ == nullptr) return;
  const auto heard = tracer_->take(traced_);
  if (heard.empty()) return;
  const ClockWatch::Reading clocks = ClockWatch::read();
  for (const auto& one : heard) {
    const auto conn = user_.connection_with(one.local_port, one.remote, one.remote_port);
    // The socket's CLOSED may be the connection's TIME-WAIT, and LISTEN is the listener's: those
    // are looked up.
    if (!conn || one.to == State::closed || one.to == State::listen) continue;
    if (std::exchange(last_states_[*conn], one.to) == one.to) continue;
    const Instant at = clocks.wall - (clocks.steady - one.at);
    noticed_.push_back(checks::StateSeen{at, *conn, one.to, true});
  }
}

void LinuxBench::sample() {
  take_transitions();
  for (std::size_t i = 0; i < last_states_.size(); ++i) {
    const auto conn = static_cast<ConnId>(i);
    if (!case_.connections[i].tcp) continue;
    const State state = user_.state(conn);
    if (std::exchange(last_states_[i], state) == state) continue;
    noticed_.push_back(checks::StateSeen{now(), conn, state, true});
  }
}

void LinuxBench::look_up(checks::Trace& trace, ConnId conn) {
  if (conn >= last_states_.size()) return;
  take_transitions();
  notice(trace);
  const State state = user_.state(conn);
  const Instant at = now();
  // A change that a timer made: the samples after the stimuli could not see it.
  if (std::exchange(last_states_[conn], state) != state) {
    trace.add(checks::StateSeen{at, conn, state, true});
  }
  trace.add(checks::StateSeen{at, conn, state, false});
}

void LinuxBench::put(const Fence::Probe& probe) {
  NetnsNetwork::Tap* const tap = tap_of(probe.link);
  // A probe that is not sent is repeated like one that is lost.
  if (tap != nullptr) tap->socket.send(probe.octets);
}

void LinuxBench::fence(checks::Trace&) {
  put(fence_.start(now()));
}

void LinuxBench::repeat_fence() {
  const Instant at = now();
  if (fence_.hopeless(at)) {
    fence_.give_up();
    trouble("the target's kernel has not answered an ARP probe for 3 s", true);
    return;
  }
  const auto due = fence_.due();
  if (due && *due <= at) put(fence_.again(at));
}

bool LinuxBench::take_wakeups() {
  bool sockets = false;
  std::array<epoll_event, 32> events;
  int count = 0;
  do {
    count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      sockets |= std::ranges::none_of(network_.taps(), [fd](const NetnsNetwork::Tap& tap) {
        return tap.socket.descriptor() == fd;
      });
    }
    // Taps stay ready until they are read, so a full round that was only taps must not be asked
    // again.
  } while (count == static_cast<int>(events.size()) && sockets);
  return sockets;
}

void LinuxBench::on_frame(checks::Trace& trace, NetnsNetwork::Tap& tap,
                          const link::PacketSocket::Frame& frame, bool& onward) {
  switch (frame.outgoing ? Fence::Taken::no : fence_.take(tap.link, frame.octets)) {
    case Fence::Taken::no: {
      const HostId from = frame.outgoing ? tap.near : tap.far;
      noticed_.push_back(checks::FrameSeen{frame.at, tap.link, from, trace.keep(frame.octets)});
      return;
    }
    case Fence::Taken::yes: return;
    case Fence::Taken::onward:
      put(fence_.again(now()));
      onward = true;
      return;
    case Fence::Taken::closed: noticed_.push_back(checks::FenceClosed{frame.at}); return;
  }
}

bool LinuxBench::read_taps(checks::Trace& trace) {
  bool onward = false;
  for (auto& tap : network_.taps()) {
    link::PacketSocket::Frame frame;
    while (tap.socket.receive(frame)) {
      // What comes out of an impaired link has been seen where it went in.
      if (frame.outgoing || !tap.far_side) on_frame(trace, tap, frame, onward);
    }
    while (tap.far_side && tap.far_side->receive(frame)) on_frame(trace, tap, frame, onward);
    const unsigned far_lost = tap.far_side ? tap.far_side->dropped() : 0;
    if (const unsigned lost = tap.socket.dropped() + far_lost; lost > 0) {
      trouble(fmt::format("{} frames were lost for want of receive buffer", lost), true);
    }
  }
  return onward;
}

void LinuxBench::notice(checks::Trace& trace) {
  while (read_taps(trace)) {
  }
  // Links are read one after the other, and calls return while frames wait.
  std::ranges::stable_sort(noticed_, {}, checks::time_of);
  for (checks::Event& event : noticed_) trace.add(std::move(event));
  noticed_.clear();
}

void LinuxBench::drain(checks::Trace& trace) {
  const bool sockets = take_wakeups();
  user_.progress();
  collect_returns(trace);
  if (sockets) sample();
  repeat_fence();
  watch_clock();
  notice(trace);
}

}  // namespace tcproof::harness
