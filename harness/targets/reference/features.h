// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>

#include "stack/host.h"

namespace tcproof::harness {

/// What a profile may do without, as the host's configuration names it.
struct FeatureSwitch {
  std::string_view feature;
  bool& (*in)(stack::HostConfig&);
};
inline constexpr std::array feature_switches{
    FeatureSwitch{"ipv4", [](auto& host) -> bool& { return host.ipv4; }},
    FeatureSwitch{"ipv6", [](auto& host) -> bool& { return host.ipv6; }},
    FeatureSwitch{"window-scale",
                  [](auto& host) -> bool& { return host.tcp.features.window_scale; }},
    FeatureSwitch{"timestamps", [](auto& host) -> bool& { return host.tcp.features.timestamps; }},
    FeatureSwitch{"sack", [](auto& host) -> bool& { return host.tcp.features.sack; }},
    FeatureSwitch{"dsack", [](auto& host) -> bool& { return host.tcp.features.dsack; }},
    FeatureSwitch{"limited-transmit",
                  [](auto& host) -> bool& { return host.tcp.features.limited_transmit; }},
    FeatureSwitch{"delayed-ack", [](auto& host) -> bool& { return host.tcp.features.delayed_ack; }},
    FeatureSwitch{"challenge-ack",
                  [](auto& host) -> bool& { return host.tcp.features.challenge_ack; }},
    FeatureSwitch{"urgent", [](auto& host) -> bool& { return host.tcp.features.urgent; }},
    FeatureSwitch{"keep-alive", [](auto& host) -> bool& { return host.tcp.features.keep_alive; }},
    FeatureSwitch{"path-mtu-discovery",
                  [](auto& host) -> bool& { return host.tcp.features.path_mtu_discovery; }},
};

/// A host that has of these what is declared.
inline stack::HostConfig with_features(const std::set<std::string>& features) {
  stack::HostConfig config;
  for (const FeatureSwitch& one : feature_switches)
    one.in(config) = features.contains(std::string(one.feature));
  return config;
}

}  // namespace tcproof::harness
