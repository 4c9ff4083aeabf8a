// SPDX-License-Identifier: Apache-2.0
#include "harness/run/process_end.h"

#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

namespace tcproof::harness {

std::string wait_for_end(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    const char* name = ::sigabbrev_np(signal);
    return fmt::format("SIG{} ({})", name != nullptr ? name : "?", ::strsignal(signal));
  }
  if (WEXITSTATUS(status) != 0) return fmt::format("exit status {}", WEXITSTATUS(status));
  return {};
}

std::string crashed(const std::string& died_of, const std::string& said) {
  const std::string quoted = said.empty() ? "" : fmt::format(" \"{}\"", said);
  return "crashed: " + (died_of.empty() ? "the process ended" : died_of) + quoted;
}

std::string hung(Duration patience) {
  return fmt::format("hung: no end after {:g} s", std::chrono::duration<double>(patience).count());
}

}  // namespace tcproof::harness
