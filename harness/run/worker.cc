// SPDX-License-Identifier: Apache-2.0
#include "harness/run/worker.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <utility>
#include <variant>

#include "harness/run/case_process.h"
#include "harness/run/case_run.h"
#include "harness/run/crash_report.h"
#include "harness/run/messages.h"
#include "harness/run/real_scheduler.h"

namespace tcproof::harness {
namespace {

// Results are sent when there is nothing else to do, or when this much has gathered.
constexpr std::size_t full_outbox = 64 * 1024;

class Worker {
 public:
  Worker(int control, Target& target, const MakeAttempt& make, Duration hangs_after,
         WorkerStatus& status)
      : control_(control),
        target_(target),
        make_(make),
        status_(status),
        processes_(hangs_after),
        outbox_(control),
        real_([this](RealScheduler::Token index, const checks::Trace& trace) {
          outbox_.add(Message::Kind::trace, index, trace.serialize());
        }) {
    CrashReport::install(outbox_);
    real_.watch(control);
  }

  void run() {
    if (target_.foreign()) processes_.take_over_output();
    if (const auto ready = target_.prepare(); !ready) {
      outbox_.add(Message::Kind::unavailable, 0, pack(ready.error()));
      outbox_.flush();
      return;
    }
    outbox_.add(Message::Kind::ready, static_cast<std::uint32_t>(target_.concurrency()), {});
    bool connected = outbox_.flush();
    while (connected) {
      if (!assigned_.empty()) {
        const Assignment next = assigned_.front();
        assigned_.pop_front();
        if (target_.foreign()) {
          begin_apart(next);
        } else {
          begin(next);
        }
      }
      // Attempts in real time have their turn between any two that begin: a bench takes
      // milliseconds to open, and that is how late they may be.
      if (real_.alive() > 0) real_.turn(assigned_.empty());
      const bool idle = assigned_.empty() && real_.alive() == 0;
      const bool flush =
          idle || real_.alive() > 0 || target_.foreign() || outbox_.size() > full_outbox;
      if (flush && !outbox_.flush()) return;
      if (assigned_.empty() || real_.alive() > 0)
        connected = read_assignments(idle ? 0 : MSG_DONTWAIT);
    }
  }

 private:
  // False if the parent has closed its side.
  bool read_assignments(int flags) {
    std::array<std::uint8_t, 64 * sizeof(Assignment)> octets;
    const ssize_t n = ::recv(control_, octets.data(), octets.size(), flags);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return false;
    partial_.insert(partial_.end(), octets.begin(), octets.begin() + n);
    std::size_t at = 0;
    for (; at + sizeof(Assignment) <= partial_.size(); at += sizeof(Assignment)) {
      Assignment one;
      std::memcpy(&one, partial_.data() + at, sizeof one);
      assigned_.push_back(one);
    }
    partial_.erase(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(at));
    return true;
  }

  void begin(const Assignment& assignment) {
    const auto one_case = make_(assignment.index, assignment.alone != 0);
    // In real time opening a bench runs no code of the target, and a busy machine takes what it
    // takes.
    if (target_.profile().virtual_time) {
      status_.begun_ns.store(std::chrono::steady_clock::now().time_since_epoch().count());
      status_.current.store(assignment.index + 1);
    }
    auto bench = target_.open(*one_case);
    if (bench && std::holds_alternative<std::unique_ptr<VirtualBench>>(*bench))
      return run_in_virtual_time(assignment.index, *one_case,
                                 std::get<std::unique_ptr<VirtualBench>>(std::move(*bench)));
    status_.current.store(0);
    if (bench) {
      real_.start(assignment.index, one_case,
                  std::get<std::unique_ptr<RealBench>>(std::move(*bench)));
    } else {
      outbox_.add(Message::Kind::refused, assignment.index, pack(bench.error()));
    }
  }

  void begin_apart(const Assignment& assignment) {
    const Message said = processes_.run(assignment.index, [&](int out) {
      // What the stack does to its process must not reach the parent.
      ::close(control_);
      outbox_ = Outbox(out);
      begin(assignment);
      outbox_.flush();
    });
    outbox_.add(said.kind, said.index, said.body);
  }

  void run_in_virtual_time(std::uint32_t index, const checks::Case& one_case,
                           std::unique_ptr<VirtualBench> bench) {
    CaseRun run(one_case, *bench);
    CrashReport::begin(index, run.trace());
    drive_virtual(run, *bench);
    // The end of the stack under test is its own code too, so it still counts as the case.
    bench.reset();
    CrashReport::end();
    status_.current.store(0);
    outbox_.add(Message::Kind::trace, index, run.trace().serialize());
  }

  int control_;
  Target& target_;
  const MakeAttempt& make_;
  WorkerStatus& status_;
  CaseProcesses processes_;
  Outbox outbox_;
  RealScheduler real_;
  std::deque<Assignment> assigned_;
  wire::Buffer partial_;
};

}  // namespace

void worker_main(int control, Target& target, const MakeAttempt& make, Duration hangs_after,
                 WorkerStatus& status) {
  Worker(control, target, make, hangs_after, status).run();
  // Neither the parent's buffered output nor its objects are this process's to write or destroy.
  ::_exit(0);
}

}  // namespace tcproof::harness
