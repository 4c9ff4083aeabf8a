// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/netns.h"

#include <cassert>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tcproof::harness {
namespace {

UniqueFd current_namespace() {
  return UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

std::string remedy_of(int number) {
  switch (number) {
    case EPERM: return "run as root, or allow user namespaces";
    case EMFILE:
    case ENFILE: return "raise the limit of open files (ulimit -n), or lower --jobs";
    case ENOSPC: return "raise the sysctl user.max_net_namespaces";
    case ENOMEM: return "free some memory, or lower --jobs";
    default: return {};
  }
}

}  // namespace

UniqueFd::~UniqueFd() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

EnvironmentError environment_error(std::string step, int number, std::string remedy) {
  if (remedy.empty()) remedy = remedy_of(number);
  return {std::move(step), std::generic_category().message(number), std::move(remedy)};
}

EnvironmentError skip_case(const std::string& step, std::string why, std::string remedy) {
  return {skip_mark + step, std::move(why), std::move(remedy)};
}

bool is_skip(const EnvironmentError& error) {
  return error.step.starts_with(skip_mark);
}

Tried<Namespace> Namespace::make(const Namespace* sibling) {
  const auto home =
      sibling != nullptr ? sibling->home_ : std::make_shared<const UniqueFd>(current_namespace());
  if (!*home) {
    return tl::unexpected(
        environment_error("open /proc/thread-self/ns/net", errno, "mount /proc in this container"));
  }
  if (::unshare(CLONE_NEWNET) != 0) {
    return tl::unexpected(environment_error("make a network namespace", errno));
  }
  UniqueFd fresh = current_namespace();
  const int number = errno;
  const int back = ::setns(home->get(), CLONE_NEWNET);
  assert(back == 0 && "a thread must return to its network namespace");
  (void)back;
  if (!fresh) return tl::unexpected(environment_error("hold a network namespace open", number));
  return Namespace(std::move(fresh), home);
}

Namespace::Inside::Inside(int descriptor, int home) : home_(home) {
  const int entered = ::setns(descriptor, CLONE_NEWNET);
  assert(entered == 0 && "a network namespace of ours can be entered");
  (void)entered;
}

Namespace::Inside::~Inside() {
  const int back = ::setns(home_, CLONE_NEWNET);
  assert(back == 0 && "a thread must return to its network namespace");
  (void)back;
}

UniqueFd own_proc() {
  const UniqueFd context(::fsopen("proc", FSOPEN_CLOEXEC));
  if (!context || ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return {};
  return UniqueFd(::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
}

UniqueFd Sysctls::open_folder(const char* relative) const {
  constexpr int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  if (proc_ && *proc_) return UniqueFd(::openat(proc_->get(), relative, flags));
  return UniqueFd(::open((std::string("/proc/") + relative).c_str(), flags));
}

int Sysctls::write(const Namespace& space, const std::string& name, const std::string& value) {
  // Everything else is the machine's, and two slashes would be the way to it.
  if (!name.starts_with("net.") || name.find("//") != std::string::npos) return EPERM;
  std::string path = "sys/" + name;
  for (std::size_t i = path.size() - name.size(); i < path.size(); ++i) {
    path[i] = path[i] == '.' ? '/' : path[i] == '/' ? '.' : path[i];
  }
  const auto write_at = [&value](int folder, const char* relative) {
    const UniqueFd file(::openat(folder, relative, O_WRONLY | O_CLOEXEC));
    if (!file) return errno;
    return ::write(file.get(), value.data(), value.size()) < 0 ? errno : 0;
  };
  for (const auto& [prefix, kept] :
       {std::pair{"sys/net/ipv4/", &ipv4_}, std::pair{"sys/net/ipv6/", &ipv6_}}) {
    if (!path.starts_with(prefix)) continue;
    if (!*kept) *kept = space.run([&] { return open_folder(prefix); });
    if (!*kept) return errno;
    return write_at(kept->get(), path.c_str() + std::string_view(prefix).size());
  }
  path.insert(0, "/proc/");
  return space.run([&] { return write_at(AT_FDCWD, path.c_str()); });
}

bool has_ipv6() {
  static const bool has =
      static_cast<bool>(UniqueFd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)));
  return has;
}

unsigned long raise_open_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit wanted{limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) limit = wanted;
  }
  return limit.rlim_cur;
}

}  // namespace tcproof::harness
