// SPDX-License-Identifier: Apache-2.0
#include "harness/run/runner.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <csignal>
#include <deque>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "checks/judge.h"
#include "checks/trace.h"
#include "harness/run/huge_pages.h"
#include "harness/run/jobs.h"
#include "harness/run/process_end.h"
#include "harness/run/worker_process.h"

namespace tcproof::harness {
namespace {

using Clock = WorkerProcess::Clock;

// So many virtual cases wait in a worker: enough that it never waits for the parent, few enough
// that the last ones are spread over all workers.
constexpr std::size_t virtual_window = 16;
// Those of a foreign stack cost a process each.
constexpr std::size_t foreign_window = 4;
// So many of them, and it pays to make forking cheaper.
constexpr std::size_t many_processes = 64;
// In real time a case may rightly take minutes. A worker that is silent for this long has lost its
// way.
constexpr Duration real_patience = 30min;
// Entering namespaces and the like is a matter of milliseconds.
constexpr Duration prepare_patience = 1min;
// To load a library is one of those, too.
constexpr Duration load_patience = 10s;
// For the last words of a worker that hangs.
constexpr Duration grace = 3s;
// A worker that dies this often without being in any case is the environment's fault.
constexpr int most_idle_deaths = 3;

/// What is in flight together: first whatever fits, then what is to be made again. Most of that only
/// waits, so the first time a few do it together; what is made again once more has the machine alone.
enum class Round { all, few, alone };

std::size_t most_beside(Round round) {
  switch (round) {
    case Round::all: return std::numeric_limits<std::size_t>::max();
    case Round::few: return 8;
    case Round::alone: return 1;
  }
  return 1;
}

/// SIGINT and SIGTERM as a descriptor, for as long as it lives.
class StopSignals {
 public:
  StopSignals() {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &wanted, &before_);
    descriptor_ = ::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
    assert(descriptor_ >= 0);
  }
  ~StopSignals() {
    came();
    ::close(descriptor_);
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  int descriptor() const { return descriptor_; }
  bool came() const {
    signalfd_siginfo info;
    return ::read(descriptor_, &info, sizeof info) == sizeof info;
  }

 private:
  sigset_t before_{};
  int descriptor_ = -1;
};

Instant end_of(const checks::Trace& trace) {
  return trace.events().empty() ? Instant{} : checks::time_of(trace.events().back());
}

Duration length_of(const checks::Trace& trace) {
  if (trace.events().empty()) return {};
  return end_of(trace) - checks::time_of(trace.events().front());
}

// Whether every index of the trace means something in this case: what comes out of a process that a
// foreign stack may have overwritten is not believed.
bool trace_fits(const checks::Case& one_case, const checks::Trace& trace) {
  const auto place = [&](checks::LinkId link, checks::HostId host) {
    return link < one_case.network.links.size() && host < one_case.network.hosts.size();
  };
  const auto step = [&](checks::StepId id) {
    return id == checks::no_step || checks::find_step(one_case, id) != nullptr;
  };
  for (const checks::Event& event : trace.events()) {
    bool fits = true;
    if (const auto* sent = std::get_if<checks::FrameSent>(&event)) {
      fits = place(sent->link, sent->from) && step(sent->step);
    } else if (const auto* seen = std::get_if<checks::FrameSeen>(&event)) {
      fits = place(seen->link, seen->from);
    } else if (const auto* made = std::get_if<checks::CallMade>(&event)) {
      fits = step(made->step);
    } else if (const auto* back = std::get_if<checks::CallReturned>(&event)) {
      fits = step(back->step);
    } else if (const auto* state = std::get_if<checks::StateSeen>(&event)) {
      fits = state->conn < one_case.connections.size();
    }
    if (!fits) return false;
  }
  return true;
}

class Suite {
 public:
  Suite(Target& target, const RunPlan& plan, const OnResult& on_result)
      : target_(target),
        plan_(plan),
        on_result_(on_result),
        virtual_time_(target.profile().virtual_time),
        make_([this](std::uint32_t index, bool alone) { return make(index, alone); }),
        attempts_(plan.count) {
    for (std::size_t i = 0; i < plan.count; ++i) waiting_.push_back(static_cast<std::uint32_t>(i));
    if (!virtual_time_) longest_first();
  }

  RunEnd run() {
    StopSignals signals;
    if (target_.foreign() && plan_.count >= many_processes) move_to_huge_pages();
    while (!end_.unavailable && (!all_handed_out() || outstanding() > 0)) {
      start_workers();
      hand_out();
      if (!end_.unavailable) wait(signals);
      if (end_.interrupted) break;
    }
    workers_.clear();
    return end_;
  }

 private:
  /// In real time everything else happens while the longest wait.
  void longest_first() {
    std::vector<Duration> waits;
    for (const std::uint32_t i : waiting_) waits.push_back(waits_of(*plan_.make(i)));
    std::ranges::stable_sort(waiting_, std::greater<>{},
                             [&waits](std::uint32_t i) { return waits[i]; });
  }

  std::shared_ptr<const checks::Case> make(std::uint32_t index, bool alone) const {
    auto one_case = plan_.make(index);
    const Duration parallel = plan_.parallel.value_or(target_.profile().parallel);
    if (virtual_time_ || alone || parallel == Duration::zero()) return one_case;
    // Cases beside each other wait for the processor, which the profile allows for.
    auto wider = std::make_shared<checks::Case>(*one_case);
    wider->timing.late += parallel;
    return wider;
  }

  std::size_t outstanding() const {
    std::size_t sum = 0;
    for (const WorkerProcess& worker : workers_) sum += worker.outstanding().size();
    return sum;
  }

  void start_workers() {
    const std::size_t wanted = std::min<std::size_t>(
        std::max(plan_.jobs, 1U), waiting_.size() + again_.size() + alone_.size() + outstanding());
    while (workers_.size() < wanted && !end_.unavailable) {
      auto worker = WorkerProcess::start(target_, make_, plan_.hangs_after);
      if (worker) {
        workers_.push_back(std::move(*worker));
      } else if (workers_.empty()) {
        end_.unavailable = worker.error();
      } else {
        return;  // fewer workers will do
      }
    }
  }

  static std::ptrdiff_t room_of(const WorkerProcess& worker) {
    return static_cast<std::ptrdiff_t>(worker.window()) -
           static_cast<std::ptrdiff_t>(worker.outstanding().size());
  }

  bool all_handed_out() const { return waiting_.empty() && again_.empty() && alone_.empty(); }

  void hand_out() {
    if (workers_.empty()) return;
    const Round next = !waiting_.empty() ? Round::all : !again_.empty() ? Round::few : Round::alone;
    if (next != round_ && outstanding() > 0) return;
    round_ = next;
    auto& queue = next == Round::all ? waiting_ : next == Round::few ? again_ : alone_;
    while (!queue.empty() && outstanding() < most_beside(next)) {
      auto& worker = *std::ranges::max_element(workers_, {}, room_of);
      if (room_of(worker) <= 0) return;
      const bool taken = worker.assign({queue.front(), next == Round::all ? 0U : 1U});
      queue.pop_front();
      // A worker that is gone keeps what it was given until it is buried, which gives it back.
      if (!taken) return;
    }
  }

  void wait(const StopSignals& signals) {
    std::vector<pollfd> polled{{signals.descriptor(), POLLIN, 0}};
    for (const WorkerProcess& worker : workers_) {
      const short events = worker.has_more() ? POLLIN | POLLOUT : POLLIN;
      polled.push_back({worker.descriptor(), events, 0});
    }
    const timespec patience = time_to_next_check();
    ::ppoll(polled.data(), polled.size(), &patience, nullptr);
    if (signals.came()) {
      end_.interrupted = true;
      return;
    }
    for (std::size_t i = workers_.size(); i-- > 0;) {
      const short happened = polled[i + 1].revents;
      // That a worker is gone is heard, not felt when writing.
      if ((happened & POLLOUT) != 0) workers_[i].hand_over();
      if ((happened & ~POLLOUT) != 0) hear(i);
    }
    for (WorkerProcess& worker : workers_) watch(worker);
  }

  timespec time_to_next_check() const {
    const Duration step = std::clamp<Duration>(plan_.hangs_after / 4, 10ms, 1s);
    return {std::chrono::duration_cast<std::chrono::seconds>(step).count(), (step % 1s).count()};
  }

  void watch(WorkerProcess& worker) {
    const bool preparing = worker.window() == 0;
    if (worker.outstanding().empty() && !preparing) return;
    const auto now = Clock::now();
    const auto busy = busy_in(worker);
    Duration patience = busy ? plan_.hangs_after : real_patience;
    if (preparing) patience = target_.foreign() ? load_patience : prepare_patience;
    if (worker.told_to_stop()) patience += grace;
    if (now - (busy ? busy->since : worker.last_heard()) > patience) worker.stop_hanging();
  }

  // A worker watches the cases of a foreign stack itself, and what they share with us they may
  // have overwritten.
  std::optional<WorkerProcess::Busy> busy_in(const WorkerProcess& worker) const {
    return target_.foreign() ? std::nullopt : worker.busy();
  }

  void hear(std::size_t which) {
    WorkerProcess& worker = workers_[which];
    bool open = worker.receive();
    std::optional<checks::Trace> last_words;
    do {
      while (auto message = worker.next_message()) {
        if (message->kind == Message::Kind::partial) {
          last_words = checks::Trace::parse(message->body);
        } else {
          take(worker, *message);
        }
      }
      // One that has had last words is about to close its side.
      if (open && last_words) open = wait_for_more(worker);
    } while (open && last_words);
    if (!open) bury(which, std::move(last_words));
  }

  static bool wait_for_more(WorkerProcess& worker) {
    pollfd one{worker.descriptor(), POLLIN, 0};
    constexpr auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(grace);
    if (::poll(&one, 1, static_cast<int>(patience.count())) == 0) worker.stop_hanging();
    return worker.receive();
  }

  void take(WorkerProcess& worker, const Message& message) {
    if (message.kind == Message::Kind::unavailable) {
      end_.unavailable = unpack_error(message.body);
      return;
    }
    if (message.kind == Message::Kind::ready) return worker.set_window(window_of(message.index));
    const auto assignment = worker.answered(message.index);
    if (!assignment) return;
    idle_deaths_ = 0;
    if (message.kind == Message::Kind::refused) return refused(message);
    if (message.kind == Message::Kind::died) return judge(*assignment, up_to_the_end(message));
    auto trace = checks::Trace::parse(message.body);
    if (!trace || (target_.foreign() && !trace_fits(*plan_.make(message.index), *trace))) {
      trace.emplace();
      if (target_.foreign()) {
        trace->add(checks::TargetDied{Instant{}, "crashed: it has overwritten its process"});
      } else {
        trace->add(checks::Trouble{Instant{}, "a worker sent a trace that cannot be read", false});
      }
    }
    judge(*assignment, std::move(*trace));
  }

  // The trace of a case that its stack's process did not survive.
  checks::Trace up_to_the_end(const Message& died) const {
    const auto zero = std::ranges::find(died.body, std::uint8_t{0});
    const std::string reason(died.body.begin(), zero);
    std::optional<checks::Trace> trace;
    if (zero != died.body.end())
      trace = checks::Trace::parse(wire::Bytes(zero + 1, died.body.end()));
    if (!trace || !trace_fits(*plan_.make(died.index), *trace)) trace.emplace();
    trace->add(checks::TargetDied{end_of(*trace), reason});
    return std::move(*trace);
  }

  std::size_t window_of(std::uint32_t concurrency) const {
    if (target_.foreign()) return foreign_window;
    return virtual_time_ ? virtual_window : concurrency;
  }

  void refused(const Message& message) {
    const EnvironmentError error = unpack_error(message.body);
    constexpr std::string_view skip = "skip: ";
    const bool skips = error.step.starts_with(skip);
    // With so many benches at once something may run out for a moment.
    if (!skips && once_more(message.index)) return;
    const std::string reason = fmt::format("{}: {}{}{}", error.step, error.why,
                                           error.remedy.empty() ? "" : "; ", error.remedy);
    CaseResult result = blank(message.index, plan_.make(message.index));
    result.judgement.verdict = skips ? checks::Verdict::skip : checks::Verdict::error;
    result.judgement.reason = skips ? reason.substr(skip.size()) : reason;
    on_result_(message.index, std::move(result));
  }

  // Whether one more attempt is due; it is then queued.
  bool once_more(std::uint32_t index) {
    if (virtual_time_ || attempts_[index] >= plan_.retries) return false;
    (attempts_[index]++ == 0 ? again_ : alone_).push_back(index);
    return true;
  }

  CaseResult blank(std::uint32_t index, const std::shared_ptr<const checks::Case>& one_case) const {
    CaseResult result;
    result.id = one_case->id;
    result.cell = one_case->cell;
    result.name = one_case->name;
    result.seed = one_case->seed;
    result.attempts = attempts_[index] + 1;
    result.one_case = one_case;
    return result;
  }

  void judge(const Assignment& assignment, checks::Trace trace) {
    const auto one_case = make(assignment.index, assignment.alone != 0);
    CaseResult result = blank(assignment.index, one_case);
    using checks::Reports;
    result.judgement =
        checks::judge(*one_case, trace, plan_.keep_traces ? Reports::made : Reports::none);
    if (!plan_.keep_traces && result.judgement.verdict != checks::Verdict::pass)
      result.judgement = checks::judge(*one_case, trace, Reports::made);
    if (result.judgement.verdict == checks::Verdict::inconclusive && once_more(assignment.index))
      return;
    result.virtual_duration = length_of(trace);
    if (plan_.keep_traces || result.judgement.verdict != checks::Verdict::pass)
      result.trace = std::make_shared<checks::Trace>(std::move(trace));
    on_result_(assignment.index, std::move(result));
  }

  // The worker has closed its side: the case it was in dies with it, the others go to another one.
  void bury(std::size_t which, std::optional<checks::Trace> last_words) {
    WorkerProcess worker = std::move(workers_[which]);
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(which));
    const bool stopped = worker.told_to_stop();
    const auto busy = busy_in(worker);
    const std::string died_of = worker.bury();
    if (end_.unavailable) return;
    if (target_.foreign() && worker.window() == 0) {
      end_.unavailable = EnvironmentError{"loading the stack in a worker",
                                          stopped ? hung(load_patience) : crashed(died_of, ""), ""};
      return;
    }
    std::optional<Assignment> fatal;
    if (busy) fatal = worker.answered(busy->index);
    // In real time several are in flight at once, and only one that was alone is known to be the
    // culprit. A foreign stack's worker has run none of it.
    const auto& left = worker.outstanding();
    if (!busy && !target_.foreign() && left.size() == 1)
      fatal = worker.answered(left.front().index);
    if (!fatal && ++idle_deaths_ > most_idle_deaths) {
      end_.unavailable = EnvironmentError{"running a worker process", "it ended: " + died_of, ""};
      return;
    }
    if (fatal) {
      checks::Trace trace = last_words ? std::move(*last_words) : checks::Trace();
      trace.add(checks::TargetDied{end_of(trace),
                                   stopped ? hung(plan_.hangs_after) : crashed(died_of, "")});
      judge(*fatal, std::move(trace));
    }
    auto& queue = virtual_time_ ? waiting_ : alone_;
    for (std::size_t i = left.size(); i-- > 0;) queue.push_front(left[i].index);
  }

  Target& target_;
  const RunPlan& plan_;
  const OnResult& on_result_;
  bool virtual_time_;
  MakeAttempt make_;
  RunEnd end_;
  std::deque<std::uint32_t> waiting_;    // not handed out
  std::deque<std::uint32_t> again_;      // made once, to be made again beside a few
  std::deque<std::uint32_t> alone_;      // to be run with nothing beside them
  std::vector<std::uint32_t> attempts_;  // inconclusive ones so far
  std::vector<WorkerProcess> workers_;
  int idle_deaths_ = 0;
  Round round_ = Round::all;  // of what is in flight
};

}  // namespace

RunEnd run_suite(Target& target, const RunPlan& plan, const OnResult& on_result) {
  return Suite(target, plan, on_result).run();
}

}  // namespace tcproof::harness
