// SPDX-License-Identifier: Apache-2.0
#include "harness/path/laboratory.h"

#include <gtest/gtest.h>

#include "harness/path/destination.h"
#include "harness/path/diagnosis.h"
#include "harness/path/drawing.h"
#include "harness/path/kernel_wire.h"
#include "harness/path/raw_wire.h"
#include "tests/harness/topology/netns_fixture.h"

namespace tcproof::harness {
namespace {

using LaboratoryTest = NamespaceTest;

checks::Network black_hole() {
  checks::Network network = router_network();
  network.links[1].mtu = 1400;
  network.hosts[2].router.too_big = checks::RouterBehaviour::TooBig::drop;
  return network;
}

TEST_F(LaboratoryTest, CommandRunsInTheTestersPlace) {
  const checks::Network network = router_network();
  const auto lab = Laboratory::build(network, 1);
  ASSERT_TRUE(lab) << lab.error().step << ": " << lab.error().why;
  EXPECT_EQ((*lab)->run({"sh", "-c", "test \"$TARGET $TARGET6\" = '198.51.100.2 2001:db8:2::2'"}),
            0);
  EXPECT_EQ((*lab)->run({"sh", "-c", "exit 7"}), 7);
  EXPECT_EQ((*lab)->run({"sh", "-c", "kill -9 $$"}), 128 + 9);
  EXPECT_EQ((*lab)->run({"sh", "-c", "exit 127"}), 127);
  EXPECT_FALSE((*lab)->run({"no-such-command-anywhere"}));
}

// The kernels of the laboratory behave as the simulated network of the same file, over which every
// path is asked by every method.
TEST_F(LaboratoryTest, RawProbesFindABlackHole) {
  const checks::Network network = black_hole();
  const auto lab = Laboratory::build(network, 1);
  ASSERT_TRUE(lab) << lab.error().step << ": " << lab.error().why;
  const auto to = *network.address(network.target, wire::Family::v6);
  auto wire = (*lab)->tester().run([&] { return RawWire::open(to, {}, 5); });
  ASSERT_TRUE(wire) << wire.error().step << ": " << wire.error().why;
  const PathReport report = diagnose(**wire, to, {.method = Method::tcp});
  EXPECT_EQ(report.cls, PathClass::black_hole);
  EXPECT_EQ(report.mtu, 1400U);
  EXPECT_EQ(report.hop, 1);
}

TEST_F(LaboratoryTest, RawProbesBelieveAnHonestRouter) {
  checks::Network network = black_hole();
  network.hosts[2].router.too_big = checks::RouterBehaviour::TooBig::send;
  const auto lab = Laboratory::build(network, 1);
  ASSERT_TRUE(lab) << lab.error().step << ": " << lab.error().why;
  for (const wire::Family family : {wire::Family::v4, wire::Family::v6}) {
    for (const Method method : {Method::icmp, Method::udp, Method::tcp}) {
      const auto to = *network.address(network.target, family);
      auto wire = (*lab)->tester().run([&] { return RawWire::open(to, {}, 5); });
      ASSERT_TRUE(wire) << wire.error().step << ": " << wire.error().why;
      const PathReport report = diagnose(**wire, to, {.method = method});
      EXPECT_EQ(report.cls, PathClass::icmp_ok) << to_string(method);
      EXPECT_EQ(report.mtu, 1400U) << to_string(method);
      EXPECT_EQ(report.hop, 1) << to_string(method);
    }
  }
}

TEST_F(LaboratoryTest, AnOrdinaryUsersSocketsFindIt) {
  checks::Network network = black_hole();
  network.hosts[2].router.too_big = checks::RouterBehaviour::TooBig::send;
  const auto lab = Laboratory::build(network, 1);
  ASSERT_TRUE(lab) << lab.error().step << ": " << lab.error().why;
  for (const wire::Family family : {wire::Family::v4, wire::Family::v6}) {
    const auto to = *network.address(network.target, family);
    auto wire = (*lab)->tester().run([&] { return KernelWire::open(to, 33434); });
    ASSERT_TRUE(wire) << wire.error().step << ": " << wire.error().why;
    const PathReport report = diagnose(**wire, to, {.method = Method::udp});
    EXPECT_EQ(report.cls, PathClass::icmp_ok);
    EXPECT_EQ(report.mtu, 1400U);
  }
}

TEST(Drawing, ShowsEveryHopOfTheWay) {
  EXPECT_EQ(draw_path(black_hole()),
            "tester   192.0.2.1       2001:db8:1::1\n"
            "   |     near, mtu 1500\n"
            "router   198.51.100.254  2001:db8:2::fe   (drops what is too big in silence)\n"
            "   |     far, mtu 1400\n"
            "target   198.51.100.2    2001:db8:2::2\n");
}

TEST(Destination, WhatUsersWrite) {
  const auto v4 = find_destination("192.0.2.7:443", {});
  ASSERT_TRUE(v4);
  EXPECT_EQ(wire::to_string(v4->address), "192.0.2.7");
  EXPECT_EQ(v4->port, 443);
  const auto v6 = find_destination("2001:db8::7", {});
  ASSERT_TRUE(v6);
  EXPECT_FALSE(v6->port);
  EXPECT_EQ(find_destination("[2001:db8::7]:53", {})->port, 53);
  EXPECT_FALSE(find_destination("192.0.2.7:x", {}));
  EXPECT_FALSE(find_destination("192.0.2.7:0", {}));
  EXPECT_FALSE(find_destination("192.0.2.7", wire::Family::v6));
  EXPECT_FALSE(find_destination("255.255.255.255", {})) << "never a broadcast";
  EXPECT_FALSE(find_destination("ff02::1", {})) << "nor a multicast";
}

}  // namespace
}  // namespace tcproof::harness
