// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "checks/state.h"
#include "harness/targets/linux/sock_diag.h"
#include "harness/topology/netns.h"
#include "stack/wire/time.h"

struct ring_buffer;

namespace tcproof::harness {

/// The kernel's tracepoint sock:inet_sock_set_state, read through a BPF program of a few
/// instructions: the order of several transitions inside one stimulus, which a look after it cannot
/// tell. It hears all of the machine and keeps what happens in the namespaces it follows. It does
/// not see request sockets and TIME-WAIT: sock_diag does. Needs privilege in the machine's own
/// namespaces (CAP_BPF and CAP_PERFMON) and a kernel with BTF.
class StateTracer {
 public:
  struct Transition {
    Duration at;  // CLOCK_MONOTONIC
    std::uint16_t local_port = 0, remote_port = 0;
    wire::IpAddress remote;
    checks::State to;
  };

  static Tried<std::unique_ptr<StateTracer>> open();
  ~StateTracer();
  StateTracer(const StateTracer&) = delete;
  StateTracer& operator=(const StateTracer&) = delete;

  /// What names a namespace to the kernel; 0 if it cannot be told.
  static std::uint32_t id_of(const Namespace& space);
  void follow(std::uint32_t space) { heard_.try_emplace(space); }
  void forget(std::uint32_t space) { heard_.erase(space); }
  /// What has happened in a followed namespace since the last call, in order.
  std::vector<Transition> take(std::uint32_t space);

 private:
  struct Release {
    void operator()(ring_buffer* ring) const;
  };
  StateTracer() = default;
  static int on_record(void* self, void* data, std::size_t size);

  UniqueFd map_, program_, link_;
  std::unique_ptr<ring_buffer, Release> ring_;
  std::map<std::uint32_t, std::vector<Transition>> heard_;
};

}  // namespace tcproof::harness
