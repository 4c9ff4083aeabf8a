// SPDX-License-Identifier: Apache-2.0
#include "generator/engine.h"

#include <algorithm>
#include <limits>

#include <time.h>

namespace tcproof::generator {
namespace {

/// Below this a sleep would come back too late: the timer's slack and the way back to the processor
/// take tens of microseconds.
constexpr Duration shortest_sleep = 120us;
constexpr Duration wake_early = 80us;
constexpr Duration longest_sleep = 50ms;  // so that a stop is seen

}  // namespace

Instant steady_clock() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return Instant(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

std::uint64_t packets_of(const CompiledStream& stream) {
  std::uint64_t packets = stream.stream().count.value_or(std::numeric_limits<std::uint64_t>::max());
  // A Poisson stream's duration ends it at its time, wherever it then is.
  const bool poisson = stream.stream().schedule.kind == Schedule::Kind::poisson;
  if (stream.stream().duration && !poisson) {
    packets = std::min(packets, packets_within(stream, *stream.stream().duration));
  }
  return packets;
}

Engine::Engine(std::span<const CompiledStream> streams, Backend& backend, Progress& progress,
               Share share, Instant start, bool timed)
    : streams_(streams),
      backend_(backend),
      progress_(progress),
      share_(share),
      start_(start),
      timed_(timed) {
  for (const CompiledStream& stream : streams) {
    Lane lane{.pacer = Pacer(stream), .end = packets_of(stream)};
    lane.until = stream.stream().duration;
    start_turn(lane, share.thread * share.turns.packets);
    lanes_.push_back(std::move(lane));
  }
}

void Engine::start_turn(Lane& lane, std::uint64_t packet) {
  lane.next = packet;
  lane.done = packet >= lane.end;
  if (!lane.done) lane.due = lane.pacer.due(packet);
  if (lane.until && lane.due >= *lane.until) lane.done = true;
}

Duration Engine::elapsed() const {
  return steady_clock() - start_;
}

/// Streams without a pace are always due, so they take turns.
std::size_t Engine::first_due() {
  std::size_t best = lanes_.size();
  for (std::size_t i = 1; i <= lanes_.size(); ++i) {
    const std::size_t at = (last_ + i) % lanes_.size();
    if (lanes_[at].done) continue;
    if (best == lanes_.size() || lanes_[at].due < lanes_[best].due) best = at;
  }
  return best;
}

/// How many packets from `next` on are due, in this turn and in one batch.
std::uint64_t Engine::due_now(Lane& lane, Duration now) {
  const std::uint64_t turn = share_.turns.packets;
  std::uint64_t most = std::min(backend_.batch(), lane.end - lane.next);
  if (share_.turns.threads > 1) most = std::min(most, turn - lane.next % turn);
  if (!lane.pacer.is_paced()) return most;
  std::uint64_t count = 1;
  while (count < most && lane.pacer.due(lane.next + count) <= now) ++count;
  return count;
}

void Engine::advance(Lane& lane, std::uint64_t packets) {
  const std::uint64_t turn = share_.turns.packets;
  std::uint64_t next = lane.next + packets;
  const bool turn_over = share_.turns.threads > 1 && next % turn == 0;
  if (turn_over) next += turn * (share_.turns.threads - 1);
  start_turn(lane, next);
}

/// False if it is not due yet: the caller looks around and comes again.
bool Engine::wait_until(Duration due) {
  const Duration left = due - elapsed();
  if (left <= Duration::zero()) return true;
  if (left < shortest_sleep) return false;
  const Duration sleep = std::min(left - wake_early, longest_sleep);
  const timespec t{static_cast<time_t>(sleep.count() / 1000000000),
                   static_cast<long>(sleep.count() % 1000000000)};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &t, nullptr);
  return false;
}

std::uint64_t Engine::octets_of(std::size_t stream, std::uint64_t first,
                                std::uint64_t count) const {
  const CompiledStream& of = streams_[stream];
  if (of.templates().size() == 1) return count * of.largest();
  std::uint64_t octets = 0;
  for (std::uint64_t k = first; k < first + count; ++k) octets += of.size_at(k);
  return octets;
}

tl::expected<void, OsError> Engine::send_some(std::size_t stream) {
  Lane& lane = lanes_[stream];
  const Duration now = timed_ ? elapsed() : lane.due;
  if (timed_ && lane.until && now >= *lane.until && !lane.pacer.is_paced()) {
    lane.done = true;
    return {};
  }
  const std::uint64_t count = due_now(lane, now);
  const auto sent = backend_.send(stream, lane.next, count);
  if (!sent) return tl::unexpected(sent.error());
  progress_.add(stream, *sent, octets_of(stream, lane.next, *sent));
  last_ = stream;
  if (*sent != 0) advance(lane, *sent);
  return {};
}

tl::expected<void, OsError> Engine::run() {
  while (!progress_.stopped()) {
    const std::size_t stream = first_due();
    if (stream == lanes_.size()) break;
    if (timed_ && !wait_until(lanes_[stream].due)) continue;
    if (auto sent = send_some(stream); !sent) return sent;
  }
  return {};
}

}  // namespace tcproof::generator
