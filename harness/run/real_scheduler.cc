// SPDX-License-Identifier: Apache-2.0
#include "harness/run/real_scheduler.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <vector>

namespace tcproof::harness {
namespace {

// Beside the tokens of attempts.
constexpr std::uint64_t timer_mark = ~std::uint64_t{0};
constexpr std::uint64_t watched_mark = timer_mark - 1;

// Nothing waits without a timer of its own: where time passes only while every process sleeps (a
// kernel in virtual time), one that waits for ever would end it.
constexpr int longest_sleep_ms = 1000;

void add_to(int epoll, int descriptor, std::uint64_t mark) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = mark;
  const int done = ::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
  assert(done == 0);
  static_cast<void>(done);
}

}  // namespace

RealScheduler::RealScheduler(Finished finished)
    : finished_(std::move(finished)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  assert(epoll_ >= 0 && timer_ >= 0);
  add_to(epoll_, timer_, timer_mark);
}

RealScheduler::~RealScheduler() {
  ::close(timer_);
  ::close(epoll_);
}

void RealScheduler::watch(int descriptor) {
  add_to(epoll_, descriptor, watched_mark);
}

void RealScheduler::start(Token token, std::shared_ptr<const checks::Case> one_case,
                          std::unique_ptr<RealBench> bench) {
  const int descriptor = bench->descriptor();
  const auto [at, is_new] = attempts_.try_emplace(token, std::move(one_case), std::move(bench));
  assert(is_new);
  add_to(epoll_, descriptor, token);
  poll(token);
}

void RealScheduler::poll(Token token) {
  const auto at = attempts_.find(token);
  if (at == attempts_.end()) return;
  Attempt& attempt = at->second;
  const auto wanted = attempt.run.poll();
  if (!wanted) {
    set_due(token, attempt, {});
    // Duplicates of the descriptor may live on in the bench, so closing it need not take it out.
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, attempt.bench->descriptor(), nullptr);
    const checks::Trace trace = attempt.run.take_trace();
    attempts_.erase(at);
    finished_(token, trace);
    return;
  }
  const Instant until = std::min(*wanted, attempt.bench->next_deadline().value_or(Instant::max()));
  if (until == Instant::max()) return set_due(token, attempt, {});
  const Duration rest = std::max(until - attempt.bench->now(), Duration::zero());
  set_due(token, attempt, std::chrono::steady_clock::now() + rest);
}

void RealScheduler::set_due(Token token, Attempt& attempt, std::optional<Due> due) {
  if (attempt.due) due_.erase({*attempt.due, token});
  attempt.due = due;
  if (due) due_.insert({*due, token});
}

void RealScheduler::arm_timer() {
  itimerspec when{};
  if (!due_.empty()) {
    const auto since =
        std::max(due_.begin()->first.time_since_epoch(), std::chrono::steady_clock::duration(1));
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
    when.it_value.tv_sec = ns / 1'000'000'000;
    when.it_value.tv_nsec = ns % 1'000'000'000;
  }
  ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void RealScheduler::poll_due() {
  const Due now = std::chrono::steady_clock::now();
  std::vector<Token> ready;
  for (const auto& [due, token] : due_) {
    if (due > now) break;
    ready.push_back(token);
  }
  for (const Token token : ready) poll(token);
}

void RealScheduler::turn(bool sleep) {
  arm_timer();
  std::array<epoll_event, 64> events;
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                 sleep ? longest_sleep_ms : 0);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t mark = events[static_cast<std::size_t>(i)].data.u64;
    if (mark == timer_mark) {
      std::uint64_t expirations = 0;
      const ssize_t done = ::read(timer_, &expirations, sizeof expirations);
      static_cast<void>(done);
      poll_due();
    } else if (mark != watched_mark) {
      poll(static_cast<Token>(mark));
    }
  }
}

}  // namespace tcproof::harness
