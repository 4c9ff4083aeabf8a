// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checks/network.h"

namespace tcproof::harness::sim_test {

inline constexpr checks::HostId tester = 0, target = 1, router = 2;
inline constexpr checks::LinkId near = 0, far = 1;

inline wire::MacAddress mac(std::uint8_t last) {
  return {{2, 0, 0, 0, 0, last}};
}

/// tester --- target
inline checks::Network pair() {
  checks::Network network;
  network.name = "pair";
  network.hosts = {{.name = "tester", .mac = mac(1)}, {.name = "target", .mac = mac(2)}};
  network.links = {{.name = "wire",
                    .ends = {{.host = tester,
                              .v4 = wire::parse_prefix("192.0.2.1/24"),
                              .v6 = wire::parse_prefix("2001:db8::1/64")},
                             {.host = target,
                              .v4 = wire::parse_prefix("192.0.2.2/24"),
                              .v6 = wire::parse_prefix("2001:db8::2/64")}}}};
  network.tester = tester;
  network.target = target;
  return network;
}

/// tester ---near--- router ---far--- target
inline checks::Network routed(std::uint32_t near_mtu = 1500) {
  checks::Network network;
  network.name = "router";
  network.hosts = {{.name = "tester", .mac = mac(1)},
                   {.name = "target", .mac = mac(2)},
                   {.name = "router", .mac = mac(3), .forwards = true}};
  network.links = {{.name = "near",
                    .mtu = near_mtu,
                    .ends = {{.host = tester,
                              .v4 = wire::parse_prefix("192.0.2.1/24"),
                              .v6 = wire::parse_prefix("2001:db8:1::1/64")},
                             {.host = router,
                              .v4 = wire::parse_prefix("192.0.2.254/24"),
                              .v6 = wire::parse_prefix("2001:db8:1::fe/64")}}},
                   {.name = "far",
                    .ends = {{.host = target,
                              .v4 = wire::parse_prefix("198.51.100.2/24"),
                              .v6 = wire::parse_prefix("2001:db8:2::2/64")},
                             {.host = router,
                              .v4 = wire::parse_prefix("198.51.100.254/24"),
                              .v6 = wire::parse_prefix("2001:db8:2::fe/64")}}}};
  network.tester = tester;
  network.target = target;
  return network;
}

}  // namespace tcproof::harness::sim_test
