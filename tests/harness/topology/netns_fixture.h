// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "checks/network.h"
#include "harness/topology/netns.h"
#include "harness/topology/netns_user.h"
#include "stack/wire/address.h"

namespace tcproof::harness {

/// Tests that need network namespaces are skipped, with the reason, where none can be made.
class NamespaceTest : public testing::Test {
 protected:
  void SetUp() override {
    static const Tried<void> ready = become_network_admin();
    if (!ready) {
      GTEST_SKIP() << ready.error().step << ": " << ready.error().why << " ("
                   << ready.error().remedy << ")";
    }
  }
};

inline wire::MacAddress mac_of(std::uint8_t last) {
  return {{0x02, 0, 0, 0, 0, last}};
}

inline checks::LinkEnd end_of(checks::HostId host, const char* v4, const char* v6) {
  return {.host = host, .v4 = wire::parse_prefix(v4), .v6 = wire::parse_prefix(v6), .towards = {}};
}

/// specs/topologies/pair.yaml: tester 0, target 1.
inline checks::Network pair_network() {
  checks::Network network;
  network.name = "pair";
  network.hosts = {{.name = "tester", .mac = mac_of(1)}, {.name = "target", .mac = mac_of(2)}};
  network.links = {{.name = "wire",
                    .ends = {end_of(0, "192.0.2.1/24", "2001:db8::1/64"),
                             end_of(1, "192.0.2.2/24", "2001:db8::2/64")}}};
  network.tester = 0;
  network.target = 1;
  return network;
}

/// specs/topologies/router.yaml: tester 0, target 1, router 2; links near 0, far 1.
inline checks::Network router_network(std::uint32_t near_mtu = 1500) {
  checks::Network network;
  network.name = "router";
  network.hosts = {{.name = "tester", .mac = mac_of(1)},
                   {.name = "target", .mac = mac_of(2)},
                   {.name = "router", .mac = mac_of(3), .forwards = true}};
  network.links = {{.name = "near",
                    .mtu = near_mtu,
                    .ends = {end_of(0, "192.0.2.1/24", "2001:db8:1::1/64"),
                             end_of(2, "192.0.2.254/24", "2001:db8:1::fe/64")}},
                   {.name = "far",
                    .ends = {end_of(1, "198.51.100.2/24", "2001:db8:2::2/64"),
                             end_of(2, "198.51.100.254/24", "2001:db8:2::fe/64")}}};
  network.tester = 0;
  network.target = 1;
  return network;
}

}  // namespace tcproof::harness
