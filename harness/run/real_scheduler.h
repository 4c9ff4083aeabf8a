// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "checks/case.h"
#include "checks/trace.h"
#include "harness/run/bench.h"
#include "harness/run/case_run.h"

namespace tcproof::harness {

/// Runs attempts in real time, beside each other on one epoll loop, so that those that wait cost
/// nothing. It sleeps until a bench has something or a timer of its own is due, and never looks at
/// a clock in a loop.
class RealScheduler {
 public:
  using Token = std::uint32_t;
  using Finished = std::function<void(Token, const checks::Trace&)>;

  explicit RealScheduler(Finished finished);
  ~RealScheduler();
  RealScheduler(const RealScheduler&) = delete;
  RealScheduler& operator=(const RealScheduler&) = delete;

  /// turn() also returns when this descriptor is readable. It stays the caller's.
  void watch(int descriptor);
  /// Starts an attempt; `finished` may be called before this returns.
  void start(Token token, std::shared_ptr<const checks::Case> one_case,
             std::unique_ptr<RealBench> bench);
  /// Lets everything go on that can; if nothing can, sleeps until something does, unless `sleep` is
  /// false.
  void turn(bool sleep);
  std::size_t alive() const { return attempts_.size(); }

 private:
  using Due = std::chrono::steady_clock::time_point;
  struct Attempt {
    Attempt(std::shared_ptr<const checks::Case> its_case, std::unique_ptr<RealBench> its_bench)
        : one_case(std::move(its_case)), bench(std::move(its_bench)), run(*one_case, *bench) {}
    std::shared_ptr<const checks::Case> one_case;
    std::unique_ptr<RealBench> bench;
    CaseRun run;
    std::optional<Due> due;
  };

  void poll(Token token);
  void set_due(Token token, Attempt& attempt, std::optional<Due> due);
  void arm_timer();
  void poll_due();

  Finished finished_;
  int epoll_ = -1;
  int timer_ = -1;
  std::map<Token, Attempt> attempts_;
  std::set<std::pair<Due, Token>> due_;
};

}  // namespace tcproof::harness
