// SPDX-License-Identifier: Apache-2.0
#include "harness/run/case_process.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <utility>

#include "harness/run/crash_report.h"
#include "harness/run/process_end.h"

namespace tcproof::harness {
namespace {

using Clock = std::chrono::steady_clock;

// For the last words of a process that hangs.
constexpr Duration grace = 3s;
// One that sleeps instead of working has so many times as long: it may wait for a busy machine.
constexpr int sleep_factor = 10;
// No trace is as long: what goes on beyond it comes from a process that has lost its way.
constexpr std::size_t longest_answer = std::size_t{512} << 20;

// Processor time since its start, which other processes do not make longer.
Clock::duration worked(pid_t child) {
  clockid_t clock{};
  timespec spent{};
  if (::clock_getcpuclockid(child, &clock) != 0 || ::clock_gettime(clock, &spent) != 0) return {};
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

Message failed(std::uint32_t index, const char* step) {
  return {Message::Kind::refused, index,
          pack(EnvironmentError{step, std::strerror(errno),
                                "free some memory or processes, or give fewer --jobs"})};
}

}  // namespace

struct CaseProcesses::Child {
  pid_t pid = -1;
  int from = -1;
  Clock::time_point since = Clock::now();
  std::optional<Clock::time_point> asked;  // for its last words, since it hangs
  bool killed = false;
  std::size_t heard = 0;
  wire::Buffer last_words;
};

CaseProcesses::CaseProcesses(Duration hangs_after)
    : hangs_after_(hangs_after), printed_(::memfd_create("printed", MFD_CLOEXEC)) {}

CaseProcesses::~CaseProcesses() {
  if (printed_ >= 0) ::close(printed_);
}

void CaseProcesses::take_over_output() const {
  for (const int usual : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(printed_, usual);
}

Message CaseProcesses::run(std::uint32_t index, const std::function<void(int out)>& body) {
  // Empty again, and its position is shared with whoever prints.
  if (printed_ < 0 || ::ftruncate(printed_, 0) != 0 || ::lseek(printed_, 0, SEEK_SET) != 0)
    return failed(index, "keeping what a stack prints (memfd_create)");
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return failed(index, "listening to a case (socketpair)");
  Child child;
  child.from = ends[0];
  child.pid = start(body, ends[1], ends[0]);
  ::close(ends[1]);
  if (child.pid < 0) {
    const Message why = failed(index, "starting the process of a case (fork)");
    ::close(ends[0]);
    return why;
  }
  auto answer = listen(child, index);
  ::close(child.from);
  if (!answer && child.heard > longest_answer) ::kill(child.pid, SIGKILL);
  const std::string died_of = wait_for_end(child.pid);
  if (answer) return std::move(*answer);
  Message died{Message::Kind::died, index, {}};
  const std::string reason = child.asked ? hung(hangs_after_) : crashed(died_of, last_line());
  died.body.assign(reason.begin(), reason.end());
  died.body.push_back(0);
  died.body.insert(died.body.end(), child.last_words.begin(), child.last_words.end());
  return died;
}

pid_t CaseProcesses::start(const std::function<void(int out)>& body, int out, int other_end) const {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);  // it died before that
  ::close(other_end);
  body(out);
  // Neither the worker's objects nor the stack's are this process's to destroy.
  ::_exit(0);
}

// Until there is an answer, or the other side is closed.
std::optional<Message> CaseProcesses::listen(Child& child, std::uint32_t index) const {
  Inbox inbox;
  std::array<std::uint8_t, 64 * 1024> octets;
  const Duration step = std::clamp<Duration>(hangs_after_ / 4, 10ms, 1s);
  const auto milliseconds = static_cast<int>(step / 1ms);
  // A process that the stack has left behind may keep the other side open.
  while (child.heard <= longest_answer && !child.killed) {
    pollfd one{child.from, POLLIN, 0};
    if (::poll(&one, 1, milliseconds) <= 0) {
      watch(child);
      continue;
    }
    const ssize_t n = ::read(child.from, octets.data(), octets.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return {};
    child.heard += static_cast<std::size_t>(n);
    inbox.add(wire::Bytes(octets).first(static_cast<std::size_t>(n)));
    while (auto message = inbox.next()) {
      // Whatever else comes is from a process that has been overwritten.
      const auto kind = message->kind;
      const bool answers = kind == Message::Kind::trace || kind == Message::Kind::refused;
      if (message->index == index && answers) return message;
      if (kind == Message::Kind::partial) child.last_words = std::move(message->body);
    }
  }
  return {};
}

// On a machine that is busy a case takes long without hanging: what counts is how long it has
// worked.
void CaseProcesses::watch(Child& child) const {
  const auto now = Clock::now();
  if (child.asked) {
    if (now - *child.asked <= grace) return;
    ::kill(child.pid, SIGKILL);
    child.killed = true;
    return;
  }
  const bool works = worked(child.pid) < hangs_after_;
  if (now - child.since <= (works ? sleep_factor * hangs_after_ : hangs_after_)) return;
  ::kill(child.pid, CrashReport::ask);
  child.asked = now;
}

std::string CaseProcesses::last_line() const {
  // A line longer than this is no message.
  std::array<char, 512> tail;
  const off_t end = ::lseek(printed_, 0, SEEK_END);
  const off_t from = std::max<off_t>(0, end - static_cast<off_t>(tail.size()));
  const ssize_t n = ::pread(printed_, tail.data(), tail.size(), from);
  if (n <= 0) return {};
  std::string text(tail.data(), static_cast<std::size_t>(n));
  text.erase(text.find_last_not_of(" \r\n") + 1);
  text.erase(0, text.rfind('\n') + 1);
  std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

}  // namespace tcproof::harness
