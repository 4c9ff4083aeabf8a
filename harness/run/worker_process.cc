// SPDX-License-Identifier: Apache-2.0
#include "harness/run/worker_process.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <utility>

#include "harness/run/crash_report.h"
#include "harness/run/process_end.h"

namespace tcproof::harness {
namespace {

EnvironmentError failed(const char* step) {
  return {step, std::strerror(errno), "free some memory or processes, or give fewer --jobs"};
}

// What the parent has set up for itself is not the worker's.
void reset_signals() {
  // Ctrl-C reaches the whole process group: the parent decides what becomes of its workers.
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

Tried<WorkerProcess> WorkerProcess::start(Target& target, const MakeAttempt& make,
                                          Duration hangs_after) {
  WorkerProcess process;
  void* page = ::mmap(nullptr, sizeof(WorkerStatus), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return tl::unexpected(failed("sharing a page with a worker (mmap)"));
  process.status_ = new (page) WorkerStatus;
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return tl::unexpected(failed("connecting to a worker (socketpair)"));
  process.descriptor_ = ends[0];

  const pid_t parent = ::getpid();
  process.pid_ = ::fork();
  if (process.pid_ < 0) {
    const EnvironmentError error = failed("starting a worker (fork)");
    ::close(ends[1]);
    return tl::unexpected(error);
  }
  if (process.pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);  // the parent died before that
    ::close(ends[0]);
    reset_signals();
    worker_main(ends[1], target, make, hangs_after, *process.status_);
  }
  ::close(ends[1]);
  return process;
}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept {
  *this = std::move(other);
}

WorkerProcess& WorkerProcess::operator=(WorkerProcess&& other) noexcept {
  if (this == &other) return *this;
  kill_now();
  pid_ = std::exchange(other.pid_, -1);
  descriptor_ = std::exchange(other.descriptor_, -1);
  status_ = std::exchange(other.status_, nullptr);
  outstanding_ = std::move(other.outstanding_);
  unsent_ = std::move(other.unsent_);
  inbox_ = std::move(other.inbox_);
  last_heard_ = other.last_heard_;
  stops_ = other.stops_;
  window_ = other.window_;
  return *this;
}

WorkerProcess::~WorkerProcess() {
  kill_now();
}

void WorkerProcess::kill_now() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    bury();
  }
  if (descriptor_ >= 0) ::close(descriptor_);
  if (status_ != nullptr) ::munmap(status_, sizeof(WorkerStatus));
  descriptor_ = -1;
  status_ = nullptr;
}

bool WorkerProcess::assign(Assignment assignment) {
  std::array<std::uint8_t, sizeof assignment> octets;
  std::memcpy(octets.data(), &assignment, sizeof assignment);
  if (outstanding_.empty()) last_heard_ = Clock::now();
  outstanding_.push_back(assignment);
  unsent_.insert(unsent_.end(), octets.begin(), octets.end());
  return hand_over();
}

bool WorkerProcess::hand_over() {
  if (unsent_.empty()) return true;
  const ssize_t n =
      ::send(descriptor_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  unsent_.erase(unsent_.begin(), unsent_.begin() + n);
  return true;
}

bool WorkerProcess::receive() {
  std::array<std::uint8_t, 64 * 1024> octets;
  while (true) {
    const ssize_t n = ::recv(descriptor_, octets.data(), octets.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    last_heard_ = Clock::now();
    inbox_.add(wire::Bytes(octets).first(static_cast<std::size_t>(n)));
    // The rest can wait until what is here has been judged.
    if (static_cast<std::size_t>(n) < octets.size()) return true;
  }
}

std::optional<Assignment> WorkerProcess::answered(std::uint32_t index) {
  const auto at = std::ranges::find(outstanding_, index, &Assignment::index);
  if (at == outstanding_.end()) return {};
  const Assignment assignment = *at;
  outstanding_.erase(at);
  return assignment;
}

std::optional<WorkerProcess::Busy> WorkerProcess::busy() const {
  const std::uint32_t current = status_->current.load();
  if (current == 0) return {};
  return Busy{current - 1, Clock::time_point(Clock::duration(status_->begun_ns.load()))};
}

void WorkerProcess::stop_hanging() {
  ::kill(pid_, stops_++ == 0 ? CrashReport::ask : SIGKILL);
}

std::string WorkerProcess::bury() {
  return wait_for_end(std::exchange(pid_, -1));
}

}  // namespace tcproof::harness
