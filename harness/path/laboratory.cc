// SPDX-License-Identifier: Apache-2.0
#include "harness/path/laboratory.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tcproof::harness {
namespace {

constexpr int cannot_start = 127;

/// Ctrl-C is for the command; what it makes of it is its exit status.
class InterruptsIgnored {
 public:
  InterruptsIgnored()
      : interrupt_(std::signal(SIGINT, SIG_IGN)), quit_(std::signal(SIGQUIT, SIG_IGN)) {}
  ~InterruptsIgnored() { restore(); }
  InterruptsIgnored(const InterruptsIgnored&) = delete;
  InterruptsIgnored& operator=(const InterruptsIgnored&) = delete;
  void restore() const {
    std::signal(SIGINT, interrupt_);
    std::signal(SIGQUIT, quit_);
  }

 private:
  using Handler = void (*)(int);
  Handler interrupt_, quit_;
};

}  // namespace

Tried<std::unique_ptr<Laboratory>> Laboratory::build(const checks::Network& network,
                                                     std::uint64_t seed) {
  raise_open_files();
  std::unique_ptr<Laboratory> made(new Laboratory(network));
  auto built = NetnsNetwork::build(
      network, {.laboratory = true, .seed = seed, .draws = network.name}, made->reaper_);
  if (!built) return tl::unexpected(built.error());
  made->network_ = std::make_unique<NetnsNetwork>(std::move(*built));
  auto services = LaboratoryServices::start(made->target());
  if (!services) return tl::unexpected(services.error());
  made->services_ = std::move(*services);
  return made;
}

Tried<int> Laboratory::run(const std::vector<std::string>& command) const {
  // Whatever allocates happens before the fork: other threads may hold the heap's lock then.
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const auto v4 = model_->address(model_->target, wire::Family::v4);
  const auto v6 = model_->address(model_->target, wire::Family::v6);
  if (v4) ::setenv("TARGET", wire::to_string(*v4).c_str(), 1);
  if (v6) ::setenv("TARGET6", wire::to_string(*v6).c_str(), 1);

  // Closed by the start of the command; its error comes through where that fails.
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return tl::unexpected(environment_error("start the command (pipe)", errno));
  const UniqueFd refusal(ends[0]);
  UniqueFd refuse(ends[1]);

  const InterruptsIgnored interrupts;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return tl::unexpected(environment_error("start the command (fork)", errno));
  if (child == 0) {
    interrupts.restore();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() == parent && ::setns(tester().descriptor(), CLONE_NEWNET) == 0) {
      ::execvp(arguments[0], arguments.data());
    }
    const int why = errno;
    [[maybe_unused]] const auto told = ::write(refuse.get(), &why, sizeof why);
    ::_exit(cannot_start);
  }
  refuse.reset();
  int why = 0;
  const bool refused = ::read(refusal.get(), &why, sizeof why) == sizeof why;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (refused) {
    return tl::unexpected(environment_error(fmt::format("start '{}'", command[0]), why,
                                            "give the path of a command that can be run"));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace tcproof::harness
