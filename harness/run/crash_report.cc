// SPDX-License-Identifier: Apache-2.0
#include "harness/run/crash_report.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>

namespace tcproof::harness {
namespace {

constexpr int fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, CrashReport::ask};
constexpr std::size_t handler_stack = 512 * 1024;
// A heap whose lock is held would make the handler wait for ever: the alarm ends that.
constexpr unsigned seconds_for_last_words = 2;

// A signal handler has no argument to find these by.
struct InFlight {
  Outbox* outbox = nullptr;
  std::uint32_t index = 0;
  std::atomic<const checks::Trace*> trace{nullptr};
};
constinit InFlight in_flight;

void set_default(int signal) {
  struct sigaction usual{};
  usual.sa_handler = SIG_DFL;
  ::sigaction(signal, &usual, nullptr);
}

void last_words(int signal) {
  for (const int fatal : fatal_signals) set_default(fatal);
  set_default(SIGALRM);
  sigset_t alarm_only;
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  ::sigprocmask(SIG_UNBLOCK, &alarm_only, nullptr);
  ::alarm(seconds_for_last_words);
  const checks::Trace* trace = in_flight.trace.exchange(nullptr);
  if (in_flight.outbox->flush() && trace != nullptr) {
    in_flight.outbox->add(Message::Kind::partial, in_flight.index, trace->serialize());
    in_flight.outbox->flush();
  }
  ::raise(signal);
}

}  // namespace

void CrashReport::install(Outbox& outbox) {
  in_flight.outbox = &outbox;
  // A stack overflow is a crash too, so the handler needs a stack elsewhere. It is never given
  // back.
  void* memory = ::mmap(nullptr, handler_stack, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory != MAP_FAILED) {
    stack_t stack{};
    stack.ss_sp = memory;
    stack.ss_size = handler_stack;
    ::sigaltstack(&stack, nullptr);
  }
  struct sigaction action{};
  action.sa_handler = last_words;
  action.sa_flags = static_cast<int>(SA_ONSTACK | SA_RESETHAND);
  for (const int fatal : fatal_signals) ::sigaction(fatal, &action, nullptr);
}

void CrashReport::begin(std::uint32_t index, const checks::Trace& trace) {
  in_flight.index = index;
  in_flight.trace = &trace;
}

void CrashReport::end() {
  in_flight.trace = nullptr;
}

}  // namespace tcproof::harness
