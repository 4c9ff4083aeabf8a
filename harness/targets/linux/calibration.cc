// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/calibration.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "harness/targets/linux/fence.h"
#include "harness/targets/linux/sockets.h"
#include "harness/topology/netns_network.h"
#include "harness/topology/netns_user.h"
#include "stack/wire/frame.h"

namespace tcproof::harness {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t probes = 400;
constexpr std::size_t connections = 60;
constexpr Duration between_connections = 7ms;  // spreads them over the phases of the tick
constexpr Duration nap = 2ms;
constexpr Duration first_timeout = 1s;  // RFC 6298 2.1, and the kernel's
constexpr double wheel = 0.125;         // the kernel's timer wheel rounds up by an eighth at most
constexpr Duration longest = 4s;
constexpr std::uint16_t first_port = 20'000;

Calibration::Spread spread_of(std::vector<Duration> samples) {
  if (samples.empty()) return {};
  std::ranges::sort(samples);
  return {samples[samples.size() / 2], samples[samples.size() * 99 / 100], samples.back(),
          samples.size()};
}

class Measurement {
 public:
  Measurement(const checks::Case& pair, NetnsNetwork& network)
      : case_(pair), network_(network), tap_(network.taps().front()) {}

  Calibration::Spread answers() {
    std::vector<Duration> took;
    Fence fence(case_.network, network_.path());
    for (std::size_t i = 0; i < probes; ++i) {
      const auto probe = fence.start(link::wall_clock());
      const Instant sent = link::wall_clock();
      if (tap_.socket.send(probe.octets) != 0) continue;
      if (const auto at = answered(fence)) took.push_back(*at - sent);
    }
    return spread_of(std::move(took));
  }

  /// Opens connections that nobody answers, and naps while the kernel sends their SYNs again.
  void watch_timers(Calibration& into) {
    const auto begun = Clock::now();
    std::vector<UniqueFd> sockets;
    std::vector<Duration> naps;
    while (Clock::now() - begun < longest && again_.size() < connections) {
      if (sockets.size() < connections &&
          Clock::now() - begun >= between_connections * static_cast<int>(sockets.size()))
        sockets.push_back(connect(static_cast<std::uint16_t>(first_port + sockets.size())));
      const auto due = Clock::now() + nap;
      std::this_thread::sleep_until(due);
      naps.push_back(Clock::now() - due);
      take_syns();
    }
    std::vector<Duration> late;
    for (const auto& [port, gap] : again_) late.push_back(gap - first_timeout);
    into.wake_up = spread_of(std::move(naps));
    into.timer = spread_of(std::move(late));
  }

 private:
  std::optional<Instant> answered(Fence& fence) {
    pollfd waits{tap_.socket.descriptor(), POLLIN, 0};
    const auto until = Clock::now() + 200ms;
    while (Clock::now() < until) {
      link::PacketSocket::Frame frame;
      while (tap_.socket.receive(frame)) {
        if (fence.take(tap_.link, frame.octets) == Fence::Taken::closed) return frame.at;
      }
      ::poll(&waits, 1, 50);
    }
    return {};
  }

  UniqueFd connect(std::uint16_t port) const {
    auto made = make_socket(network_.target(), case_.family, true);
    const auto peer = case_.network.address(case_.network.tester, case_.family);
    if (!made.socket || !peer) return {};
    const SocketAddress local = SocketAddress::any(case_.family, port);
    const SocketAddress remote(*peer, 9);
    if (::bind(made.socket.get(), local.get(), local.size) != 0) return {};
    static_cast<void>(::connect(made.socket.get(), remote.get(), remote.size));
    return std::move(made.socket);
  }

  void take_syns() {
    link::PacketSocket::Frame frame;
    while (tap_.socket.receive(frame)) {
      const auto seen = wire::dissect(frame.octets);
      if (!seen.tcp || !seen.tcp->src_port) continue;
      const std::uint16_t port = *seen.tcp->src_port;
      const auto [at, is_first] = first_.try_emplace(port, frame.at);
      if (!is_first) again_.try_emplace(port, frame.at - at->second);
    }
  }

  const checks::Case& case_;
  NetnsNetwork& network_;
  NetnsNetwork::Tap& tap_;
  std::map<std::uint16_t, Instant> first_;
  std::map<std::uint16_t, Duration> again_;
};

Duration rounded_up(Duration duration, Duration unit) {
  return (duration + unit - 1ns) / unit * unit;
}

Duration tick_of_kernel() {
  timespec resolution{};
  if (::clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) != 0) return 10ms;
  return std::chrono::seconds(resolution.tv_sec) + std::chrono::nanoseconds(resolution.tv_nsec);
}

}  // namespace

Tried<Calibration> calibrate(const checks::Case& pair, const checks::Timing& declared) {
  if (auto admin = become_network_admin(); !admin) return tl::unexpected(admin.error());
  raise_open_files();
  link::Reaper reaper;
  auto network = NetnsNetwork::build(pair.network, {}, reaper);
  if (!network) return tl::unexpected(network.error());
  Measurement measurement(pair, *network);
  Calibration found;
  found.tick = tick_of_kernel();
  found.answer = measurement.answers();
  measurement.watch_timers(found);
  if (found.answer.samples == 0 || found.timer.samples == 0) {
    return tl::unexpected(EnvironmentError{"measure the machine", "nothing came back",
                                           "try again when it has less to do"});
  }
  set_tolerances(found, declared);
  return found;
}

void set_tolerances(Calibration& found, const checks::Timing& declared) {
  found.timing = declared;
  found.timing.measure = std::clamp<Duration>(rounded_up(2 * found.answer.most, 500us), 500us, 5ms);
  const auto rounding =
      Duration(static_cast<Duration::rep>(static_cast<double>(first_timeout.count()) * wheel));
  const Duration overdue = std::max<Duration>(found.timer.worst - rounding, Duration::zero());
  // A timer is set from one tick and looked at in another.
  found.timing.early =
      std::clamp<Duration>(rounded_up(found.tick + found.timing.measure, 1ms), 5ms, 20ms);
  found.timing.late =
      std::clamp<Duration>(rounded_up(2 * found.tick + 2 * overdue, 1ms), 10ms, 50ms);
  found.timing.late_ratio = wheel;
  found.parallel = std::clamp<Duration>(rounded_up(2 * found.wake_up.worst, 10ms), 50ms, 300ms);
}

std::string timing_yaml(const Calibration& found) {
  const auto ms = [](Duration duration) {
    return fmt::format("{:g}ms", std::chrono::duration<double, std::milli>(duration).count());
  };
  const auto& timing = found.timing;
  return fmt::format(
      "timing:\n  answer: {}\n  measure: {}\n  early: {}\n  late: {}\n  late_ratio: {:g}%\n"
      "  parallel: {}\n",
      ms(timing.answer), ms(timing.measure), ms(timing.early), ms(timing.late),
      timing.late_ratio * 100, ms(found.parallel));
}

}  // namespace tcproof::harness
