// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "harness/targets/target.h"
#include "tests/harness/targets/case_builder.h"

namespace tcproof::harness {

/// A bench in virtual time whose user calls do what the case's id says: crash, exit, hang, or
/// return.
class FakeVirtualBench final : public VirtualBench {
 public:
  explicit FakeVirtualBench(std::string behaviour) : behaviour_(std::move(behaviour)) {}

  Instant now() const override { return now_; }
  void send(checks::Trace& trace, checks::LinkId link, checks::HostId from, checks::StepId step,
            wire::Bytes octets) override {
    trace.add(checks::FrameSent{now_, link, from, step, trace.keep(octets)});
  }
  void call(checks::Trace& trace, const checks::Step& step) override {
    trace.add(checks::CallMade{now_, step.id});
    if (behaviour_ == "crash") std::raise(SIGSEGV);
    if (behaviour_ == "abort") std::abort();
    if (behaviour_ == "exit") ::_exit(3);
    if (behaviour_ == "print") {
      std::fputs("one line\nthe last line\n", stderr);
      std::abort();
    }
    while (behaviour_ == "hang") {
      volatile int spin = 0;
      static_cast<void>(spin);
    }
    returned_ = step.id;
  }
  void withdraw(checks::Trace&, checks::StepId) override {}
  void look_up(checks::Trace& trace, checks::ConnId conn) override {
    trace.add(checks::StateSeen{now_, conn, checks::State::closed, false});
  }
  void fence(checks::Trace&) override { fence_ = true; }
  void drain(checks::Trace& trace) override {
    if (returned_ != checks::no_step)
      trace.add(checks::CallReturned{now_, returned_, checks::Outcome::ok, {}, {}});
    returned_ = checks::no_step;
    if (std::exchange(fence_, false)) trace.add(checks::FenceClosed{now_});
  }
  std::optional<Instant> next_event() const override { return {}; }
  void advance(Instant to) override { now_ = to; }

 private:
  std::string behaviour_;
  Instant now_{};
  checks::StepId returned_ = checks::no_step;
  bool fence_ = false;
};

/// A bench in real time on which calls return and fences close by way of its descriptor.
class FakeRealBench final : public RealBench {
 public:
  /// `alive` counts those of one worker. The attempt is inconclusive if there are ever more than
  /// `most_beside` while it lasts.
  FakeRealBench(std::size_t& alive, std::size_t most_beside)
      : alive_(alive), most_beside_(most_beside), event_(::eventfd(0, EFD_NONBLOCK)) {
    ++alive_;
  }
  ~FakeRealBench() override {
    --alive_;
    ::close(event_);
  }

  Instant now() const override {
    return Instant(
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
  }
  void send(checks::Trace& trace, checks::LinkId link, checks::HostId from, checks::StepId step,
            wire::Bytes octets) override {
    trace.add(checks::FrameSent{now(), link, from, step, trace.keep(octets)});
  }
  void call(checks::Trace& trace, const checks::Step& step) override {
    trace.add(checks::CallMade{now(), step.id});
    returned_ = step.id;
    wake();
  }
  void withdraw(checks::Trace&, checks::StepId) override {}
  void look_up(checks::Trace& trace, checks::ConnId conn) override {
    trace.add(checks::StateSeen{now(), conn, checks::State::closed, false});
  }
  void fence(checks::Trace&) override {
    fence_ = true;
    wake();
  }
  void drain(checks::Trace& trace) override {
    std::uint64_t count = 0;
    if (::read(event_, &count, sizeof count) != sizeof count) return;
    if (alive_ > most_beside_)
      trace.add(checks::Trouble{now(), "the tester was late", true});
    else if (returned_ != checks::no_step)
      trace.add(checks::CallReturned{now(), returned_, checks::Outcome::ok, {}, {}});
    returned_ = checks::no_step;
    if (std::exchange(fence_, false)) trace.add(checks::FenceClosed{now()});
  }
  int descriptor() const override { return event_; }
  std::optional<Instant> next_deadline() const override { return {}; }

 private:
  void wake() {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(event_, &one, sizeof one));
  }
  std::size_t& alive_;
  std::size_t most_beside_;
  int event_;
  checks::StepId returned_ = checks::no_step;
  bool fence_ = false;
};

/// Opens benches that behave as the id of the case says. "late" is inconclusive the first two
/// times, "crowded" beside more than seven others and "lonely" beside any; "first" crashes if the
/// process has opened another bench before.
class FakeTarget final : public Target {
 public:
  explicit FakeTarget(bool virtual_time = true) { profile_.virtual_time = virtual_time; }

  const Profile& profile() const override { return profile_; }
  Tried<void> prepare() override {
    if (!available)
      return tl::unexpected(EnvironmentError{"making a namespace", "EPERM", "be root"});
    return {};
  }
  Tried<AnyBench> open(const checks::Case& one_case) override {
    if (one_case.id == "refused")
      return tl::unexpected(EnvironmentError{"opening a socket", "ENOBUFS", "free some memory"});
    if (one_case.id == "lacking")
      return tl::unexpected(EnvironmentError{"skip: no such sysctl", "x", ""});
    if (opened_++ > 0 && one_case.id == "first") std::abort();
    if (one_case.id == "wordy")
      return tl::unexpected(EnvironmentError{"skip: no such sysctl", std::string(4096, 'x'), ""});
    if (opens_in > Duration{}) ::poll(nullptr, 0, static_cast<int>(opens_in / 1ms));
    if (profile_.virtual_time) return std::make_unique<FakeVirtualBench>(one_case.id);
    return std::make_unique<FakeRealBench>(alive_, most_beside(one_case.id));
  }
  std::size_t concurrency() const override { return profile_.virtual_time ? 1 : at_once; }
  bool foreign() const override { return runs_foreign_code; }
  std::string describe() const override { return "fake"; }

  bool available = true;
  bool runs_foreign_code = false;
  std::size_t at_once = 8;  // in real time
  Duration opens_in{};      // how long a bench takes to open

 private:
  std::size_t most_beside(const std::string& id) {
    if (id == "late" && late_++ < 2) return 0;
    if (id == "crowded") return 8;
    return id == "lonely" ? 1 : std::numeric_limits<std::size_t>::max();
  }

  Profile profile_;
  int late_ = 0;
  int opened_ = 0;
  std::size_t alive_ = 0;
};

/// A call, a second of waiting if in virtual time, a fence.
inline std::shared_ptr<const checks::Case> fake_case(const std::string& id,
                                                     bool virtual_time = true) {
  CaseBuilder builder;
  builder.build().id = id;
  builder.build().virtual_time = virtual_time;
  builder.call(checks::Call::Verb::status);
  builder.wait(virtual_time ? Duration(1s) : Duration(1ms));
  builder.silence_now();
  return std::make_shared<checks::Case>(builder.build());
}

}  // namespace tcproof::harness
