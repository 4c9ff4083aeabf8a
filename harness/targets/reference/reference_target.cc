// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/reference/reference_target.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checks/spelling.h"
#include "harness/targets/reference/features.h"
#include "harness/targets/reference/reference_stack.h"
#include "harness/targets/virtual_bench.h"
#include "stack/host/rules.h"
#include "stack/ip/rules.h"
#include "stack/link/random.h"
#include "stack/tcp/rules.h"
#include "stack/udp/rules.h"

namespace tcproof::harness {
namespace {

// The target as the case's network shows it: one link, one address a family, the only router in
// sight.
stack::HostConfig host_config(const checks::Case& one_case, const std::set<std::string>& features) {
  const checks::Network& network = one_case.network;
  const checks::NetworkLink& link = network.links[network.target_link()];
  stack::HostConfig config = with_features(features);
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
  ReferenceTarget(Profile profile, std::string described)
      : profile_(std::move(profile)), described_(std::move(described)) {}

  const Profile& profile() const override { return profile_; }
  Tried<void> prepare() override { return {}; }
  Tried<AnyBench> open(const checks::Case& one_case) override {
    return std::make_unique<SimBench>(one_case, [&](StackInstance::Output output) {
      return std::make_unique<ReferenceStack>(host_config(one_case, profile_.features),
                                              std::move(output));
    });
  }
  std::vector<std::string> rules() const override {
    std::vector<std::string> all;
    for (const std::span<const std::string_view> rules :
         {tcp::rule::all(), stack::rule::all(), ip::rule::all(), udp::rule::all()}) {
      all.insert(all.end(), rules.begin(), rules.end());
    }
    return all;
  }
  // In virtual time one attempt after the other is as fast as it gets.
  std::size_t concurrency() const override { return 1; }
  std::string describe() const override { return described_; }

 private:
  Profile profile_;
  std::string described_;
};

/// Takes `feature` out of the profile; what is wrong with that, if anything.
std::optional<Diagnostics> switch_off(Profile& profile, const std::string& feature) {
  std::vector<std::string_view> names;
  for (const FeatureSwitch& one : feature_switches) names.push_back(one.feature);
  if (std::ranges::find(names, feature) == names.end()) {
    const std::string there = fmt::format("it can do without {}", fmt::join(names, ", "));
    return tl::unexpected(
               complaint(fmt::format("the reference stack cannot switch '{}' off", feature),
                         checks::did_you_mean(feature, names, there)))
        .value();
  }
  profile.features.erase(feature);
  if (feature == "sack") profile.features.erase("dsack");  // RFC 2883 reports by RFC 2018's option
  return std::nullopt;
}

Loaded<Profile> named_profile(const std::string& name, const Library& library) {
  const bool file = name.ends_with(".yaml") || name.find('/') != std::string::npos;
  return file ? load_profile(name, library.catalogue()) : library.profile(name);
}

}  // namespace

std::unique_ptr<Target> make_reference_target(const Profile& profile) {
  return std::make_unique<ReferenceTarget>(profile, "reference");
}

Loaded<std::unique_ptr<Target>> make_reference_target(const std::string& name,
                                                      const std::string& rest,
                                                      const Library& library) {
  std::string profile_name = name;
  std::vector<std::string> off;
  for (std::size_t at = 0; at < rest.size();) {
    const std::size_t end = std::min(rest.find(',', at + 1), rest.size());
    const std::string word = rest.substr(at + 1, end - at - 1);
    if (rest[at] == ',' && word.starts_with("profile=")) {
      profile_name = word.substr(8);
    } else if (rest[at] == ',' && word.ends_with("=off")) {
      off.push_back(word.substr(0, word.size() - 4));
    } else {
      return tl::unexpected(
          complaint(fmt::format("'{}' is nothing that target '{}' takes", rest.substr(at), name),
                    "write reference,profile=FILE or reference,sack=off,timestamps=off"));
    }
    at = end;
  }
  Loaded<Profile> profile = named_profile(profile_name, library);
  if (!profile) return tl::unexpected(profile.error());
  for (const std::string& feature : off) {
    if (auto errors = switch_off(*profile, feature)) return tl::unexpected(*errors);
  }
  return std::make_unique<ReferenceTarget>(std::move(*profile), name + rest);
}

}  // namespace tcproof::harness
