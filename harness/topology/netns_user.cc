// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/netns_user.h"

#include <cerrno>
#include <fstream>
#include <optional>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include "harness/topology/netns.h"

namespace tcproof::harness {
namespace {

constexpr const char* as_root = "run as root";

std::optional<long> setting(const char* path) {
  std::ifstream file(path);
  long value = 0;
  if (file >> value) return value;
  return {};
}

/// 0, or the errno that refused it.
int write_file(const char* path, const std::string& text) {
  const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  return ::write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

tl::unexpected<EnvironmentError> refused(const std::string& step, int number) {
  return tl::unexpected(environment_error(step, number, user_namespace_remedy(step, number)));
}

Tried<void> map_identities(uid_t user, gid_t group) {
  // Without "deny" the kernel refuses an unprivileged gid_map (user_namespaces(7)).
  int number = write_file("/proc/self/setgroups", "deny");
  if (number != 0 && number != ENOENT) return refused("write /proc/self/setgroups", number);
  number = write_file("/proc/self/uid_map", fmt::format("0 {} 1", user));
  if (number != 0) return refused("write /proc/self/uid_map", number);
  number = write_file("/proc/self/gid_map", fmt::format("0 {} 1", group));
  if (number != 0) return refused("write /proc/self/gid_map", number);
  return {};
}

/// Whether this process may make network namespaces as it is. The root of a user namespace may, but
/// not return to a network namespace that the machine owns: it then stays in a fresh one.
bool is_network_admin() {
  const UniqueFd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!home || ::unshare(CLONE_NEWNET) != 0) return false;
  return ::setns(home.get(), CLONE_NEWNET) == 0 || Namespace::make().has_value();
}

}  // namespace

std::string user_namespace_remedy(const std::string& step, int number) {
  if (number == EINVAL) return "enter the user namespace before any thread is started";
  if (number == ENOSPC || number == EUSERS) {
    return fmt::format(
        "raise the sysctl user.max_user_namespaces or user.max_net_namespaces, or {}", as_root);
  }
  const auto apparmor = setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  if (apparmor.value_or(0) != 0) {
    return fmt::format(
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 24.04 and later), or {}",
        as_root);
  }
  const auto debian = setting("/proc/sys/kernel/unprivileged_userns_clone");
  if (debian.value_or(1) == 0) {
    return fmt::format("sysctl kernel.unprivileged_userns_clone=1 (Debian), or {}", as_root);
  }
  if (setting("/proc/sys/user/max_user_namespaces").value_or(1) == 0) {
    return fmt::format("raise the sysctl user.max_user_namespaces, or {}", as_root);
  }
  if (number == EPERM && step.find("user namespace") != std::string::npos) {
    return fmt::format(
        "a container's seccomp filter forbids it: give it --security-opt seccomp=unconfined or "
        "--cap-add SYS_ADMIN, or {} outside",
        as_root);
  }
  return as_root;
}

Tried<void> become_network_admin() {
  if (is_network_admin()) return {};
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWUSER) != 0) return refused("make a user namespace", errno);
  if (auto mapped = map_identities(user, group); !mapped) return mapped;
  // From here on home is a namespace that the new user namespace owns: setns() back to the
  // machine's own would be refused.
  if (::unshare(CLONE_NEWNET) != 0) return refused("make a network namespace", errno);
  const auto probe = Namespace::make();
  if (!probe) return tl::unexpected(probe.error());
  return {};
}

}  // namespace tcproof::harness
