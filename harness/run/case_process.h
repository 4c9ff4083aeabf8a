// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "harness/run/messages.h"
#include "stack/wire/time.h"

namespace tcproof::harness {

/// Runs cases of a foreign stack one after another, each in a process of its own. It is forked from
/// the worker, where the stack is loaded and has done nothing yet: no case finds what another one
/// left, and what a stack overwrites, leaks or prints is gone with its case.
class CaseProcesses {
 public:
  /// A case that has worked for longer than `hangs_after`, or slept ten times as long, is stopped.
  explicit CaseProcesses(Duration hangs_after);
  ~CaseProcesses();
  CaseProcesses(const CaseProcesses&) = delete;
  CaseProcesses& operator=(const CaseProcesses&) = delete;

  /// From here on this process prints to where the last line of a case is looked for, too: loading
  /// a stack runs code of it.
  void take_over_output() const;

  /// Calls `body` in a new process, which ends with it. It writes messages about case `index` to
  /// `out`, and its trace or refusal is the answer; without one that is Kind::died. No other thread
  /// may exist.
  Message run(std::uint32_t index, const std::function<void(int out)>& body);

 private:
  struct Child;
  pid_t start(const std::function<void(int out)>& body, int out, int other_end) const;
  std::optional<Message> listen(Child& child, std::uint32_t index) const;
  void watch(Child& child) const;
  std::string last_line() const;

  Duration hangs_after_;
  int printed_;  // what the stack prints, a file in memory
};

}  // namespace tcproof::harness
