// SPDX-License-Identifier: Apache-2.0
#include "harness/run/case_run.h"

#include <algorithm>
#include <utility>

namespace tcproof::harness {
namespace {

// In real time a fence is answered within microseconds and the bench repeats one that was lost.
// This much later the link itself is broken.
constexpr Duration fence_patience = 5s;

// Turns of the loop at one instant: a case has some hundreds of steps, each a few turns.
constexpr int turns_per_instant = 20'000;
// Clock moves of one attempt. A case of 24 hours with a keep-alive every second stays far below.
constexpr int clock_moves = 500'000;

bool ends_attempt(const checks::Event& event) {
  return std::holds_alternative<checks::TargetDied>(event) ||
         std::holds_alternative<checks::Trouble>(event);
}

}  // namespace

CaseRun::CaseRun(const checks::Case& one_case, Bench& bench)
    : case_(one_case),
      bench_(bench),
      judge_(one_case, trace_, checks::Reports::none),
      tester_(one_case) {}

std::optional<Instant> CaseRun::poll() {
  while (!over_) {
    // The clock is read first: what was stamped up to then is in the bench when it is drained, so
    // that TimePassed(now) is true.
    const Instant now = bench_.now();
    if (absorb()) continue;
    if (!act(now)) return wake_up();
  }
  return {};
}

void CaseRun::end_with(checks::Event event) {
  judge_.on(trace_.add(std::move(event)));
  judged_ = trace_.events().size();
  over_ = true;
}

checks::Trace CaseRun::take_trace() {
  return std::move(trace_);
}

bool CaseRun::absorb() {
  bench_.drain(trace_);
  const std::size_t before = judged_;
  while (judged_ < trace_.events().size() && !over_) {
    // A copy: an answer of the tester's host adds to the trace, which may move its events.
    const checks::Event event = trace_.events()[judged_++];
    if (std::holds_alternative<checks::FenceClosed>(event)) fence_asked_.reset();
    if (const auto* back = std::get_if<checks::CallReturned>(&event);
        back && withdrawn_ == back->step)
      withdrawn_.reset();
    judge_.on(event);
    if (ends_attempt(event)) over_ = true;
    const auto* seen = std::get_if<checks::FrameSeen>(&event);
    if (!seen) continue;
    if (const auto answer = tester_.on_frame(*seen, trace_.octets(seen->octets)))
      bench_.send(trace_, answer->link, answer->from, checks::no_step, answer->octets);
  }
  return judged_ != before;
}

bool CaseRun::act(Instant now) {
  const checks::Want& want = judge_.want();
  if (const auto* send = std::get_if<checks::WantSend>(&want)) {
    for (const auto& frame : send->frames)
      bench_.send(trace_, frame.link, frame.from, send->step, frame.octets);
    return true;
  }
  if (const auto* call = std::get_if<checks::WantCall>(&want)) {
    bench_.call(trace_, *call->what);
    return true;
  }
  if (const auto* withdraw = std::get_if<checks::WantWithdraw>(&want)) {
    if (withdrawn_ == withdraw->step) return false;
    withdrawn_ = withdraw->step;
    bench_.withdraw(trace_, withdraw->step);
    return true;
  }
  if (const auto* state = std::get_if<checks::WantState>(&want)) {
    bench_.look_up(trace_, state->conn);
    return true;
  }
  if (std::holds_alternative<checks::WantFence>(want)) return ask_for_fence(now);
  if (const auto* time = std::get_if<checks::WantTime>(&want)) return wait_until(time->until, now);
  over_ = true;
  return true;
}

bool CaseRun::ask_for_fence(Instant now) {
  if (!fence_asked_) {
    fence_asked_ = now;
    bench_.fence(trace_);
    return true;
  }
  if (case_.virtual_time || now < *fence_asked_ + fence_patience) return false;
  end_with(checks::Trouble{now, "the fence was not answered for 5 s", false});
  return true;
}

bool CaseRun::wait_until(Instant until, Instant now) {
  if (now < until) return false;
  trace_.add(checks::TimePassed{now});
  return true;
}

std::optional<Instant> CaseRun::wake_up() const {
  if (const auto* time = std::get_if<checks::WantTime>(&judge_.want())) return time->until;
  if (fence_asked_ && !case_.virtual_time) return *fence_asked_ + fence_patience;
  return Instant::max();
}

void drive_virtual(CaseRun& run, VirtualBench& bench) {
  Instant instant = bench.now();
  int turns = 0;
  int moves = 0;
  while (const auto wanted = run.poll()) {
    const auto event = bench.next_event();
    const Instant to = std::min(*wanted, event.value_or(Instant::max()));
    if (to == Instant::max()) {
      run.end_with(
          checks::Trouble{bench.now(), "the case waits for something that cannot happen", false});
      return;
    }
    turns = to > instant ? 0 : turns + 1;
    if (turns > turns_per_instant || ++moves > clock_moves) {
      run.end_with(checks::TargetDied{bench.now(), "the target never comes to rest"});
      return;
    }
    instant = std::max(instant, to);
    bench.advance(to);
  }
}

checks::Trace run_virtual(const checks::Case& one_case, VirtualBench& bench) {
  CaseRun run(one_case, bench);
  drive_virtual(run, bench);
  return run.take_trace();
}

}  // namespace tcproof::harness
