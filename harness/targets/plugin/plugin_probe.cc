// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/plugin/plugin_probe.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "harness/targets/plugin/plugin_library.h"

namespace tcproof::harness {
namespace {

// To load a library is a matter of milliseconds.
constexpr std::chrono::seconds patience(10);
// Nobody declares more; a list without its end does.
constexpr std::size_t most_entries = 256;
constexpr std::size_t longest_word = 256;
constexpr std::size_t longest_answer = 1 << 20;

EnvironmentError failed(const std::string& path, std::string why) {
  return {fmt::format("loading the plugin {}", path), std::move(why),
          "docs/plugin.md says what a plugin exports"};
}

std::string word(const char* text) {
  return text == nullptr ? "" : std::string(text, ::strnlen(text, longest_word));
}

std::string_view report_word(tcproof_state_report report) {
  switch (report) {
    case TCPROOF_STATES_NONE: return "none";
    case TCPROOF_STATES_SAMPLED: return "sampled";
    case TCPROOF_STATES_EVERY: return "every";
  }
  return "none";
}

std::string profile_of(const tcproof_stack_functions& table) {
  const bool tells = table.state != nullptr;
  std::string text = fmt::format("name: {}\nclock: virtual\nstate: {}\nfeatures: [",
                                 word(table.name).empty() ? "plugin" : word(table.name),
                                 tells ? report_word(table.states) : "none");
  for (std::size_t i = 0; table.features != nullptr && i < most_entries; ++i) {
    if (table.features[i] == nullptr) break;
    text += fmt::format("{}{}", i == 0 ? "" : ", ", word(table.features[i]));
  }
  text += "]\nvalues:";
  bool any = false;
  for (std::size_t i = 0; table.values != nullptr && i < most_entries; ++i, any = true) {
    if (table.values[i].name == nullptr) break;
    text += fmt::format("\n  {}: {}", word(table.values[i].name), word(table.values[i].text));
  }
  return text + (any ? "\n" : " {}\n");
}

// What the child says: a letter for good or bad, then parts that end with a zero octet.
std::string answer_of(const std::string& path) {
  const auto library = PluginLibrary::load(path);
  const std::string end(1, '\0');
  if (!library) return "-" + library.error().why + end + library.error().remedy + end;
  const tcproof_stack_functions& table = library->functions();
  return "+" + word(table.name) + end + word(table.version) + end + profile_of(table) + end;
}

[[noreturn]] void be_the_child(int out, const std::string& path, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);  // the report's place is not the plugin's
  const std::string answer = answer_of(path);
  for (std::size_t at = 0; at < answer.size();) {
    const ssize_t n = ::write(out, answer.data() + at, answer.size() - at);
    if (n <= 0) break;
    at += static_cast<std::size_t>(n);
  }
  ::_exit(0);
}

// Until the other side is closed or patience is at its end; empty: the latter.
std::optional<std::string> read_all(int in) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + patience;
  std::string all;
  while (all.size() < longest_answer) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd one{in, POLLIN, 0};
    if (left <= 0) return {};
    if (::poll(&one, 1, static_cast<int>(left)) <= 0) continue;
    std::array<char, 4096> part;
    const ssize_t n = ::read(in, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    all.append(part.data(), static_cast<std::size_t>(n));
  }
  return all;
}

std::string end_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFSIGNALED(status)) return fmt::format("exit status {}", WEXITSTATUS(status));
  const char* name = ::sigabbrev_np(WTERMSIG(status));
  return fmt::format("SIG{}", name != nullptr ? name : "?");
}

std::vector<std::string> parts_of(const std::string& answer) {
  std::vector<std::string> parts;
  for (std::size_t at = 1; at < answer.size();) {
    const std::size_t end = std::min(answer.find('\0', at), answer.size());
    parts.push_back(answer.substr(at, end - at));
    at = end + 1;
  }
  parts.resize(3);
  return parts;
}

}  // namespace

Tried<PluginFacts> probe_plugin(const std::string& path) {
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) return tl::unexpected(failed(path, std::strerror(errno)));
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe[0]);
    be_the_child(pipe[1], path, parent);
  }
  ::close(pipe[1]);
  const auto answer = child < 0 ? std::string() : read_all(pipe[0]);
  ::close(pipe[0]);
  if (child < 0) return tl::unexpected(failed(path, std::strerror(errno)));
  if (!answer) ::kill(child, SIGKILL);
  const std::string end = end_of(child);
  if (!answer)
    return tl::unexpected(
        failed(path, fmt::format("it hangs: no end after {}s", patience.count())));
  if (answer->empty()) return tl::unexpected(failed(path, "it crashes while it is loaded: " + end));
  const auto parts = parts_of(*answer);
  if (answer->front() == '+') return PluginFacts{parts[0], parts[1], parts[2]};
  EnvironmentError error = failed(path, parts[0]);
  error.remedy = parts[1];
  return tl::unexpected(error);
}

}  // namespace tcproof::harness
