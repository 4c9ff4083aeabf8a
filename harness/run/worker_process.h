// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "harness/run/messages.h"
#include "harness/run/worker.h"

namespace tcproof::harness {

/// The parent's side of one worker process. Killed when it goes out of scope; it also dies when the
/// parent does, however that happens.
class WorkerProcess {
 public:
  using Clock = std::chrono::steady_clock;

  /// Forks: no other thread may exist. Errors: fork or socketpair failed.
  static Tried<WorkerProcess> start(Target& target, const MakeAttempt& make, Duration hangs_after);
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&& other) noexcept;
  ~WorkerProcess();

  int descriptor() const { return descriptor_; }
  /// What it was told and has not answered, in order.
  const std::deque<Assignment>& outstanding() const { return outstanding_; }
  /// Never blocks: a worker that is itself waiting to be read would wait for ever. What does not
  /// leave at once leaves by hand_over(). False if the worker is gone.
  bool assign(Assignment assignment);
  /// Assignments wait to leave: call hand_over() when the descriptor can be written to.
  bool has_more() const { return !unsent_.empty(); }
  bool hand_over();
  /// Reads what has come; false when the worker has closed its side.
  bool receive();
  std::optional<Message> next_message() { return inbox_.next(); }
  /// Takes `index` off the outstanding ones; empty if it was not there.
  std::optional<Assignment> answered(std::uint32_t index);

  /// How many assignments it may have at once.
  std::size_t window() const { return window_; }
  void set_window(std::size_t window) { window_ = window; }

  /// The virtual attempt in flight, and since when.
  struct Busy {
    std::uint32_t index = 0;
    Clock::time_point since;
  };
  std::optional<Busy> busy() const;
  Clock::time_point last_heard() const { return last_heard_; }

  /// Asks a worker that hangs for its last words; a second call kills it.
  void stop_hanging();
  bool told_to_stop() const { return stops_ > 0; }
  /// Waits for the end of a worker that has closed its side, and says what it died of as
  /// wait_for_end() does.
  std::string bury();

 private:
  WorkerProcess() = default;
  void kill_now();

  pid_t pid_ = -1;
  int descriptor_ = -1;
  WorkerStatus* status_ = nullptr;  // shared memory
  std::deque<Assignment> outstanding_;
  wire::Buffer unsent_;  // of the newest assignments
  Inbox inbox_;
  Clock::time_point last_heard_ = Clock::now();
  int stops_ = 0;
  std::size_t window_ = 0;
};

}  // namespace tcproof::harness
