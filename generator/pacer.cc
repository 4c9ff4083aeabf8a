// SPDX-License-Identifier: Apache-2.0
#include "generator/pacer.h"

#include <cmath>
#include <limits>

namespace tcproof::generator {
namespace {

Duration seconds(double s) {
  constexpr double most = 9e18;
  const double ns = s * 1e9;
  return Duration(static_cast<Duration::rep>(ns < most ? ns : most));
}

/// After how many packets the sizes come again: 0 if they never do.
std::uint64_t cycle_of(const Variation& size, std::uint64_t flows) {
  std::uint64_t values = 1;
  if (size.kind == Variation::Kind::random) return 0;
  if (size.kind == Variation::Kind::list) values = size.values.size();
  if (size.kind == Variation::Kind::increment) values = size.count;
  const std::uint64_t unit = size.per == Per::packet ? 1 : flows;
  return values * size.every * unit;
}

constexpr std::uint64_t longest_cycle = 1 << 20;

}  // namespace

Pacer::Pacer(const CompiledStream& stream)
    : stream_(&stream),
      random_(link::Random::derived(stream.stream().schedule.seed, stream.stream().name)) {
  if (stream.stream().schedule.kind != Schedule::Kind::bits) return;
  std::uint64_t cycle = cycle_of(stream.stream().size, stream.stream().flows);
  // Sizes that never repeat are taken as their first million are.
  if (cycle == 0 || cycle > longest_cycle) cycle = longest_cycle;
  octets_before_.reserve(cycle + 1);
  octets_before_.push_back(0);
  for (std::uint64_t k = 0; k < cycle; ++k) {
    octets_before_.push_back(octets_before_.back() + stream.size_at(k));
  }
}

bool Pacer::is_paced() const {
  return stream_->stream().schedule.kind != Schedule::Kind::as_fast_as_possible;
}

double Pacer::bits_before(std::uint64_t k) const {
  const std::uint64_t cycle = octets_before_.size() - 1;
  const double whole = static_cast<double>(k / cycle) * static_cast<double>(octets_before_.back());
  return 8 * (whole + static_cast<double>(octets_before_[k % cycle]));
}

Duration Pacer::poisson(std::uint64_t k) {
  while (drawn_ < k) {
    at_ += -std::log1p(-random_.unit()) / stream_->stream().schedule.rate;
    ++drawn_;
    latest_[drawn_ % latest_.size()] = at_;
  }
  return seconds(latest_[k % latest_.size()]);
}

Duration Pacer::due(std::uint64_t k) {
  const Schedule& schedule = stream_->stream().schedule;
  const auto n = static_cast<double>(k);
  switch (schedule.kind) {
    case Schedule::Kind::as_fast_as_possible: return Duration::zero();
    case Schedule::Kind::packets: return seconds(n / schedule.rate);
    case Schedule::Kind::bits: return seconds(bits_before(k) / schedule.rate);
    case Schedule::Kind::bursts:
      return seconds(static_cast<double>(k / schedule.size) *
                     std::chrono::duration<double>(schedule.every).count());
    case Schedule::Kind::ramp: {
      // n(t) = r t + (e - r) t^2 / 2T until T, then straight on.
      const double over = std::chrono::duration<double>(schedule.over).count();
      const double r = schedule.rate;
      const double e = schedule.end_rate;
      const double in_ramp = (r + e) / 2 * over;
      if (n >= in_ramp) return seconds(over + (n - in_ramp) / e);
      if (r == e) return seconds(n / r);
      const double slope = (e - r) / over;
      return seconds((std::sqrt(r * r + 2 * slope * n) - r) / slope);
    }
    case Schedule::Kind::poisson: return poisson(k);
  }
  return Duration::zero();
}

std::uint64_t packets_within(const CompiledStream& stream, Duration duration) {
  Pacer pacer(stream);
  if (!pacer.is_paced()) return std::numeric_limits<std::uint64_t>::max();
  if (stream.stream().schedule.kind == Schedule::Kind::poisson) {
    const double expected =
        stream.stream().schedule.rate * std::chrono::duration<double>(duration).count();
    return static_cast<std::uint64_t>(expected);
  }
  std::uint64_t low = 0;  // due before the end
  std::uint64_t high = 1;
  while (pacer.due(high) < duration && high < (std::uint64_t{1} << 62)) high *= 2;
  while (low + 1 < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    (pacer.due(middle) < duration ? low : high) = middle;
  }
  return high;
}

}  // namespace tcproof::generator
