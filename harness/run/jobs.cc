// SPDX-License-Identifier: Apache-2.0
#include "harness/run/jobs.h"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace tcproof::harness {
namespace {

/// Below this a case is as good as one that does not wait at all.
constexpr Duration worth_counting = 50ms;
/// So many cases that compute keep one worker busy for longer than it takes to start another.
constexpr std::size_t busy_cases_per_worker = 8;

Duration scaled(Duration duration, double factor) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(duration.count()) * factor));
}

/// `gap` is the nominal length of the timer seen last, which a ratio speaks of.
Duration waits_of_steps(const std::vector<checks::Step>& steps, Duration& gap) {
  Duration sum{};
  for (const checks::Step& step : steps) {
    const bool pauses = step.verb == checks::Step::Verb::wait ||
                        (step.verb == checks::Step::Verb::silence && !step.limit.now);
    if (pauses) sum += step.limit.duration;
    if (step.after) sum += *step.after;
    if (step.gap) {
      gap = step.gap->ratio ? scaled(gap, step.gap->low_ratio) : step.gap->low;
      sum += gap * std::max(step.times_low, 1U);
    }
    sum += waits_of_steps(step.members, gap);
    Duration longest{};
    for (const checks::Alternative& one : step.alternatives)
      longest = std::max(longest, waits_of_steps(one.steps, gap));
    sum += longest;
  }
  return sum;
}

}  // namespace

Duration waits_of(const checks::Case& one_case) {
  Duration gap = 1s;  // RFC 6298 2.1, should a ratio come first
  return waits_of_steps(one_case.steps, gap);
}

bool mostly_waits(const checks::Case& one_case) {
  return waits_of(one_case) >= worth_counting;
}

std::uint32_t usable_cores() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) > 0)
    return static_cast<std::uint32_t>(CPU_COUNT(&allowed));
  return std::max(1U, std::thread::hardware_concurrency());
}

std::uint32_t auto_jobs(std::size_t cases, std::size_t waiting, bool virtual_time,
                        std::uint32_t cores) {
  if (virtual_time) return std::max(cores, 1U);
  const std::size_t busy = cases - std::min(waiting, cases);
  const std::size_t useful = 1 + busy / busy_cases_per_worker;
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(useful, 1, std::max(cores, 1U)));
}

}  // namespace tcproof::harness
