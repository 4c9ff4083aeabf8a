// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/reference/reference_target.h"

#include <algorithm>
#include <string>
#include <utility>

#include "harness/targets/reference/reference_stack.h"
#include "harness/targets/virtual_bench.h"
#include "stack/link/random.h"

namespace tcproof::harness {
namespace {

// The target as the case's network shows it: one link, one address a family, the only router in
// sight.
stack::HostConfig host_config(const checks::Case& one_case) {
  const checks::Network& network = one_case.network;
  const checks::NetworkLink& link = network.links[network.target_link()];
  stack::HostConfig config;
  config.mac = network.hosts[network.target].mac;
  config.mtu = link.mtu;
  config.secret = link::Random::derived(one_case.seed, one_case.id + one_case.cell).next();
  if (std::ranges::find(one_case.needs, "interface-start") != one_case.needs.end())
    config.starts_at = Instant{};
  for (const checks::LinkEnd& end : link.ends) {
    if (end.host == network.target) {
      config.v4 = end.v4;
      config.v6 = end.v6;
    } else if (network.hosts[end.host].forwards) {
      if (end.v4) config.v4_router = end.v4->address;
      if (end.v6) config.v6_router = end.v6->address;
    }
  }
  return config;
}

class ReferenceTarget final : public Target {
 public:
  explicit ReferenceTarget(const Profile& profile) : profile_(profile) {}

  const Profile& profile() const override { return profile_; }
  Tried<void> prepare() override { return {}; }
  Tried<AnyBench> open(const checks::Case& one_case) override {
    return std::make_unique<SimBench>(one_case, [&one_case](StackInstance::Output output) {
      return std::make_unique<ReferenceStack>(host_config(one_case), std::move(output));
    });
  }
  // In virtual time one attempt after the other is as fast as it gets.
  std::size_t concurrency() const override { return 1; }
  std::string describe() const override { return "reference"; }

 private:
  Profile profile_;
};

}  // namespace

std::unique_ptr<Target> make_reference_target(const Profile& profile) {
  return std::make_unique<ReferenceTarget>(profile);
}

}  // namespace tcproof::harness
