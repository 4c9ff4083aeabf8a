// SPDX-License-Identifier: Apache-2.0
#include "harness/path/laboratory.h"

#include <array>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "harness/path/destination.h"
#include "harness/path/diagnosis.h"
#include "harness/path/drawing.h"
#include "harness/path/kernel_wire.h"
#include "harness/path/raw_host.h"
#include "harness/path/raw_wire.h"
#include "harness/topology/socket_address.h"
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

/// Sends `octets` from `space`, by a datagram socket or a raw one of `protocol`.
Tried<bool> send_from(const Namespace& space, const wire::IpAddress& to, int type, int protocol,
                      wire::Bytes octets) {
  return space.run([&]() -> Tried<bool> {
    const UniqueFd socket(::socket(address_family(to.family), type, protocol));
    const SocketAddress there(to, type == SOCK_DGRAM ? 9 : 0);
    return ::sendto(socket.get(), octets.data(), octets.size(), 0, there.get(), there.size) > 0;
  });
}

// Whoever probes a router hears the ICMP of everybody, and of other traffic the router's alone.
TEST_F(LaboratoryTest, OthersTrafficIsNotHeard) {
  const checks::Network network = router_network();
  const auto lab = Laboratory::build(network, 1);
  ASSERT_TRUE(lab) << lab.error().step << ": " << lab.error().why;
  for (const wire::Family family : {wire::Family::v4, wire::Family::v6}) {
    const bool v4 = family == wire::Family::v4;
    const auto us = *network.address(network.tester, family);
    const auto target = *network.address(network.target, family);
    for (const bool of_target : {false, true}) {
      const auto whom = of_target ? target : *network.address(2, family);
      auto host = (*lab)->tester().run([&] { return RawHost::open(whom); });
      ASSERT_TRUE(host) << host.error().step << ": " << host.error().why;
      const std::array<std::uint8_t, 8> echo{static_cast<std::uint8_t>(v4 ? 8 : 128)};
      ASSERT_TRUE(*send_from((*lab)->target(), us, SOCK_DGRAM, 0, echo));
      ASSERT_TRUE(*send_from((*lab)->target(), us, SOCK_RAW,
                             v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6}, echo));
      bool datagram = false, request = false;
      // A cable delivers before the sender's call returns, so that what lets through is queued.
      while (true) {
        const wire::Bytes packet = host->receive(request ? host->now() : host->now() + 5s);
        if (request && packet.empty()) break;
        ASSERT_GT(packet.size(), v4 ? 20U : 40U) << "the request has not come";
        const bool udp = packet[v4 ? 9 : 6] == IPPROTO_UDP;
        datagram = datagram || udp;
        request = request || (packet[v4 ? 20 : 40] == echo[0] && !udp);
      }
      EXPECT_EQ(datagram, of_target) << wire::to_string(whom);
    }
  }
}

// The kernel has put it together, and still its sender's pieces show the MTU of the way.
TEST_F(LaboratoryTest, WhatComesInPiecesShowsTheirSize) {
  const checks::Network network = router_network();
  const auto lab = Laboratory::build(network, 1);
  ASSERT_TRUE(lab) << lab.error().step << ": " << lab.error().why;
  for (const wire::Family family : {wire::Family::v4, wire::Family::v6}) {
    const bool v4 = family == wire::Family::v4;
    const auto us = *network.address(network.tester, family);
    const auto target = *network.address(network.target, family);
    auto host = (*lab)->tester().run([&] { return RawHost::open(target); });
    ASSERT_TRUE(host) << host.error().step << ": " << host.error().why;
    const std::vector<std::uint8_t> octets(2500, 'p');
    ASSERT_TRUE(*send_from((*lab)->target(), us, SOCK_DGRAM, 0, octets));
    const wire::Bytes packet = host->receive(host->now() + 5s);
    // Pieces but the last hold a multiple of eight octets.
    ASSERT_EQ(packet.size(), v4 ? 1500U : 1496U);
    EXPECT_EQ(wire::be16(packet, v4 ? 2 : 4), packet.size() - (v4 ? 0 : 40));
    EXPECT_EQ(packet[v4 ? 9 : 6], v4 ? int{IPPROTO_UDP} : int{IPPROTO_FRAGMENT});
    EXPECT_EQ(wire::be16(packet, v4 ? 6 : 42), v4 ? 0x2000 : 1) << "the first, and more follow";
    EXPECT_EQ(wire::be16(packet, (v4 ? 20 : 48) + 2), 9) << "the port follows";
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
