// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tcproof::harness {

/// Runs `f` in a forked child that is the user nobody, and returns what it says.
template <class F>
std::string as_nobody(F f) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr unsigned nobody = 65534;
    // Where this is refused the process is an ordinary user already.
    const bool dropped = ::geteuid() == 0 && ::setgroups(0, nullptr) == 0 &&
                         ::setgid(nobody) == 0 && ::setuid(nobody) == 0;
    static_cast<void>(dropped);
    // A process that changed its user must not write its own /proc files unless it says so.
    ::prctl(PR_SET_DUMPABLE, 1);
    const std::string said = f();
    const auto written = ::write(ends[1], said.data(), said.size());
    ::_exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string said(4096, '\0');
  const auto got = ::read(ends[0], said.data(), said.size());
  said.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0 ? said : said + " (child failed)";
}

}  // namespace tcproof::harness
