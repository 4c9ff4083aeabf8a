// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "harness/case/diagnostic.h"

namespace tcproof::harness {

/// A file descriptor and its owner.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int descriptor) : descriptor_(descriptor) {}
  UniqueFd(UniqueFd&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~UniqueFd();

  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }
  void reset() { UniqueFd gone(std::exchange(descriptor_, -1)); }

 private:
  int descriptor_ = -1;
};

/// The step with errno's text; `remedy` may be empty.
EnvironmentError environment_error(std::string step, int number, std::string remedy = {});

/// The case needs what this machine or target lacks: a skip with its reason instead of an error.
/// That is how the runner tells the two apart.
inline constexpr const char* skip_mark = "skip: ";
EnvironmentError skip_case(const std::string& step, std::string why, std::string remedy);
bool is_skip(const EnvironmentError& error);

/// A network namespace without a name: it ends with its last descriptor or socket, so a crash leaks
/// nothing. Sockets stay where they were created; run() is needed to create them and to write
/// /proc/sys/net.
class Namespace {
 public:
  /// A fresh one, holding only a loopback device that is down. The calling thread stays where it
  /// is. `sibling`: one that was made before by a thread of the same home, whose handle of it is
  /// shared; a look-up in /proc for each visit would be a good part of what a visit costs.
  static Tried<Namespace> make(const Namespace* sibling = nullptr);

  /// Runs `f` with the calling thread inside, which then returns to where namespaces are made from:
  /// runs do not nest. Nothing else may hold the thread to its namespace.
  template <class F>
  auto run(F&& f) const {
    const Inside inside(descriptor_.get(), home_->get());
    return std::forward<F>(f)();
  }
  int descriptor() const { return descriptor_.get(); }

 private:
  /// Enters and, at its end, returns. A thread that cannot return must not go on: that is asserted.
  class Inside {
   public:
    Inside(int descriptor, int home);
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    int home_;
  };

  Namespace(UniqueFd descriptor, std::shared_ptr<const UniqueFd> home)
      : descriptor_(std::move(descriptor)), home_(std::move(home)) {}
  UniqueFd descriptor_;
  std::shared_ptr<const UniqueFd> home_;
};

/// A /proc of one's own, nowhere mounted. In the machine's a folder of sysctls is looked up among
/// those of all namespaces that anybody has alive: tens of microseconds, with some hundreds of them
/// half a millisecond. Empty where it cannot be had, as for an ordinary user.
UniqueFd own_proc();

/// The sysctls of one namespace. The path of a namespace's folder is looked up among those of all
/// namespaces alive, and with some hundreds of them that is what costs; so a folder is looked up
/// when it is first needed and held open: what lies below belongs to this namespace alone.
class Sysctls {
 public:
  /// `proc`: see own_proc(); empty or holding none: the machine's.
  explicit Sysctls(std::shared_ptr<const UniqueFd> proc = {}) : proc_(std::move(proc)) {}

  /// `name` is as in sysctl(8): dots between the parts, a slash for a dot inside one
  /// ("net.ipv4.conf.eth0/1.rp_filter"). The errno of a refusal, 0 if it is set; EPERM for what
  /// does not belong to a network namespace. `space` is always the same one.
  int write(const Namespace& space, const std::string& name, const std::string& value);

 private:
  UniqueFd open_folder(const char* relative) const;

  std::shared_ptr<const UniqueFd> proc_;
  UniqueFd ipv4_, ipv6_;
};

/// Whether this kernel has IPv6.
bool has_ipv6();

/// As many open files as the hard limit allows: each attempt holds about ten.
/// Returns the limit in force.
unsigned long raise_open_files();

}  // namespace tcproof::harness
