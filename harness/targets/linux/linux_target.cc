// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/linux_target.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string>
#include <utility>

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "harness/targets/linux/linux_bench.h"
#include "harness/targets/linux/network_pool.h"
#include "harness/topology/netns_user.h"
#include "stack/link/packet_socket.h"

namespace tcproof::harness {
namespace {

constexpr std::size_t most_at_once = 512;
constexpr std::size_t most_ahead = 6;
/// Of one attempt with a router and some connections, those on their way to the reaper included.
constexpr std::size_t descriptors_of_one = 24;
constexpr std::size_t descriptors_of_ours = 64;

/// A frame sent over veth waits in a queue of the processor that sends it. A process that is moved
/// between two sends has frames in two queues, and under load the later one may be served first:
/// the target would seem to reorder. Neighbouring process numbers take different processors.
void stay_on_one_processor() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  const int count = CPU_COUNT(&allowed);
  if (count == 0) return;
  int wanted = static_cast<int>(::getpid()) % count;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || wanted-- != 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ::sched_setaffinity(0, sizeof one, &one);  // a refusal costs nothing but this precaution
    return;
  }
}

class LinuxTarget final : public Target {
 public:
  explicit LinuxTarget(const Profile& profile) : profile_(profile) {}

  const Profile& profile() const override { return profile_; }

  Tried<void> prepare() override {
    if (auto ready = become_network_admin(); !ready) return ready;
    const std::size_t files = raise_open_files();
    const std::size_t left = files > descriptors_of_ours ? files - descriptors_of_ours : 0;
    at_once_ = std::clamp<std::size_t>(left / descriptors_of_one, 1, most_at_once);
    auto tester = NetnsHost::make_silent();
    if (!tester) return tl::unexpected(tester.error());
    tester_.emplace(std::move(*tester));
    // Its threads end the time in which a user namespace can be entered.
    reaper_ = std::make_unique<link::Reaper>();
    pool_ = std::make_unique<NetworkPool>(*reaper_, most_ahead);
    // Those threads send no frames of a case and may go where there is room.
    stay_on_one_processor();
    // A refusal costs the order of transitions inside one stimulus and nothing else.
    if (auto tracer = StateTracer::open()) tracer_ = std::move(*tracer);
    return {};
  }

  Tried<AnyBench> open(const checks::Case& one_case) override {
    assert(reaper_ && "prepare() comes first");
    auto bench = LinuxBench::open(one_case, {.reaper = *reaper_,
                                             .tracer = tracer_.get(),
                                             .tester = &*tester_,
                                             .pool = pool_.get(),
                                             .serial = ++attempts_});
    if (!bench) return tl::unexpected(std::move(bench.error()));
    return AnyBench(std::unique_ptr<RealBench>(std::move(*bench)));
  }

  std::size_t concurrency() const override { return at_once_; }

  std::string describe() const override {
    utsname name{};
    if (::uname(&name) != 0) return "linux";
    return std::string("linux ") + name.release;
  }

 private:
  Profile profile_;
  std::unique_ptr<link::Reaper> reaper_;
  std::unique_ptr<StateTracer> tracer_;
  std::optional<NetnsHost> tester_;  // the tester's ends of attempts whose network is made for them
  std::unique_ptr<NetworkPool> pool_;
  std::uint32_t attempts_ = 0;
  std::size_t at_once_ = 1;
};

}  // namespace

std::unique_ptr<Target> make_linux_target(const Profile& profile) {
  return std::make_unique<LinuxTarget>(profile);
}

}  // namespace tcproof::harness
