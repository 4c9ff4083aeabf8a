// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/capabilities.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/targets/linux/sock_diag.h"
#include "harness/targets/linux/state_tracer.h"
#include "harness/topology/netns.h"
#include "harness/topology/netns_user.h"

namespace tcproof::harness {
namespace {

/// What works, in a few words, or the refusal.
using Trial = std::function<Tried<std::string>()>;

constexpr uid_t nobody = 65534;

std::string pack(const Tried<std::string>& tried) {
  // Three lines; errno's texts and our remedies have none inside.
  if (tried) return "+\n" + *tried + "\n";
  return fmt::format("-\n{}: {}\n{}\n", tried.error().step, tried.error().why,
                     tried.error().remedy);
}

Capability unpack(std::string name, const std::string& text) {
  std::istringstream lines(text);
  std::string sign;
  Capability capability{.name = std::move(name)};
  std::getline(lines, sign);
  std::getline(lines, capability.detail);
  std::getline(lines, capability.remedy);
  capability.works = sign == "+";
  if (sign.empty()) capability.detail = "the process that tried it died";
  return capability;
}

/// Runs the trial in a child: it may enter namespaces or give up privilege without its parent
/// noticing.
Capability try_out(std::string name, const Trial& trial) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return {std::move(name), false, std::strerror(errno), "free some descriptors"};
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string text = pack(trial());
    const ssize_t written = ::write(ends[1], text.data(), text.size());
    ::_exit(written < 0 ? 1 : 0);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 512> buffer;
  for (ssize_t n = 0; (n = ::read(ends[0], buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  ::close(ends[0]);
  if (child > 0) ::waitpid(child, nullptr, 0);
  return unpack(std::move(name), text);
}

Tried<std::string> namespaces() {
  const bool root = ::geteuid() == 0;
  if (auto admin = become_network_admin(); !admin) return tl::unexpected(admin.error());
  return std::string(root ? "as root" : "in a user namespace");
}

Tried<std::string> rootless() {
  if (::geteuid() == 0) {
    const bool dropped = ::setgroups(0, nullptr) == 0 && ::setresgid(nobody, nobody, nobody) == 0 &&
                         ::setresuid(nobody, nobody, nobody) == 0;
    if (!dropped) return tl::unexpected(environment_error("become an ordinary user", errno));
    // A process that changed its user must not write its own /proc files unless it says so.
    ::prctl(PR_SET_DUMPABLE, 1);
  }
  if (auto admin = become_network_admin(); !admin) return tl::unexpected(admin.error());
  return std::string("user namespaces");
}

Tried<std::string> connection_states() {
  if (auto admin = become_network_admin(); !admin) return tl::unexpected(admin.error());
  const auto space = Namespace::make();
  if (!space) return tl::unexpected(space.error());
  if (auto diag = SockDiag::open(*space); !diag) return tl::unexpected(diag.error());
  return std::string("sock_diag");
}

Tried<std::string> state_order() {
  if (auto tracer = StateTracer::open(); !tracer) return tl::unexpected(tracer.error());
  return std::string("tracepoint sock:inet_sock_set_state");
}

Tried<std::string> ipv6() {
  if (has_ipv6()) return std::string("the kernel has it");
  return tl::unexpected(
      EnvironmentError{"make an IPv6 socket", "this kernel runs without IPv6",
                       "boot without ipv6.disable=1; cases over IPv6 are skipped until then"});
}

Tried<std::string> open_files() {
  constexpr unsigned long enough = 4096;
  const unsigned long limit = raise_open_files();
  if (limit >= enough) return fmt::format("{} open files for each worker", limit);
  return tl::unexpected(EnvironmentError{
      "raise the limit of open files", fmt::format("the hard limit is {}", limit),
      "ulimit -Hn 65536 before it starts; with few files fewer cases wait beside each other"});
}

}  // namespace

std::vector<Capability> linux_capabilities() {
  std::vector<Capability> found;
  found.push_back(try_out("network namespaces", namespaces));
  found.push_back(try_out("rootless", rootless));
  found.push_back(try_out("IPv6", ipv6));
  found.push_back(try_out("connection states", connection_states));
  found.push_back(try_out("order of states", state_order));
  found.push_back(try_out("open files", open_files));
  return found;
}

}  // namespace tcproof::harness
