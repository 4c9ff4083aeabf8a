// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/netns_network.h"

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/topology/netns_routes.h"
#include "stack/wire/arp.h"
#include "stack/wire/ethernet.h"
#include "tests/harness/topology/netns_fixture.h"

namespace tcproof::harness {
namespace {

using testing::ElementsAre;

std::ptrdiff_t host_interfaces() {
  const std::filesystem::directory_iterator all("/sys/class/net");
  return std::distance(begin(all), end(all));
}

wire::Buffer arp_probe(const wire::IpAddress& wanted) {
  wire::Buffer frame(wire::EthernetHeader::size + wire::ArpHeader::size);
  const wire::MutableBytes out(frame);
  emit(wire::EthernetHeader{wire::mac_broadcast, mac_of(9), wire::ether_type::arp}, out);
  emit(wire::ArpHeader{.sha = mac_of(9), .tpa = wanted}, out.subspan(wire::EthernetHeader::size));
  return frame;
}

/// The answer's sender, or empty if nothing waits: on a veth pair it is there when send() returns.
std::optional<wire::MacAddress> answer(link::PacketSocket& socket, Instant& at) {
  link::PacketSocket::Frame frame;
  while (socket.receive(frame)) {
    const auto ethernet = wire::EthernetView::parse(frame.octets);
    if (!ethernet || ethernet->type() != wire::ether_type::arp || frame.outgoing) continue;
    at = frame.at;
    return ethernet->src();
  }
  return {};
}

using NetnsNetworkTest = NamespaceTest;

TEST_F(NetnsNetworkTest, TargetAnswersOnItsLink) {
  link::Reaper reaper;
  const auto network = pair_network();
  auto built = NetnsNetwork::build(network, {}, reaper);
  ASSERT_TRUE(built) << built.error().step << ": " << built.error().why;
  EXPECT_THAT(built->path(), ElementsAre(0));
  auto& tap = built->taps().front();
  EXPECT_EQ(tap.near, network.tester);
  EXPECT_EQ(tap.far, network.target);

  const auto before = link::wall_clock();
  ASSERT_EQ(tap.socket.send(arp_probe(network.links[0].ends[1].v4->address)), 0);
  Instant at{};
  const auto mac = answer(tap.socket, at);
  ASSERT_TRUE(mac);
  EXPECT_EQ(*mac, mac_of(2));
  EXPECT_GE(at, before);
  EXPECT_LE(at, link::wall_clock());
}

// The first frame on a fresh pair is the one that gets lost when readiness is not awaited.
TEST_F(NetnsNetworkTest, FirstFrameIsNeverLost) {
  link::Reaper reaper;
  const auto network = pair_network();
  for (int i = 0; i < 50; ++i) {
    auto built = NetnsNetwork::build(network, {}, reaper);
    ASSERT_TRUE(built) << built.error().step << ": " << built.error().why;
    auto& socket = built->taps().front().socket;
    ASSERT_EQ(socket.send(arp_probe(network.links[0].ends[1].v4->address)), 0);
    Instant at{};
    ASSERT_TRUE(answer(socket, at)) << "attempt " << i;
  }
}

// Many networks, one namespace for the tester's ends: each hears its own target and nobody else.
TEST_F(NetnsNetworkTest, NetworksShareATester) {
  link::Reaper reaper;
  auto tester = NetnsHost::make();
  ASSERT_TRUE(tester) << tester.error().why;
  const auto pair = pair_network();
  const auto routed = router_network();
  std::vector<NetnsNetwork> built;
  std::uint32_t serial = 0;
  for (const auto* network : {&pair, &pair, &routed, &pair}) {
    auto one = NetnsNetwork::build(*network, {.tester = &*tester, .serial = ++serial}, reaper);
    ASSERT_TRUE(one) << one.error().step << ": " << one.error().why;
    built.push_back(std::move(*one));
  }
  Instant at{};
  for (const std::size_t asked : {0U, 1U, 3U, 0U}) {
    ASSERT_EQ(built[asked].taps()[0].socket.send(arp_probe(pair.links[0].ends[1].v4->address)), 0);
    for (const std::size_t one : {0U, 1U, 3U}) {
      const auto mac = answer(built[one].taps()[0].socket, at);
      EXPECT_EQ(mac.has_value(), one == asked) << asked << " was asked, " << one << " heard";
    }
  }
  ASSERT_EQ(built[2].taps()[0].socket.send(arp_probe(routed.links[0].ends[1].v4->address)), 0);
  EXPECT_TRUE(answer(built[2].taps()[0].socket, at));
}

TEST_F(NetnsNetworkTest, RouterStandsBetween) {
  link::Reaper reaper;
  const auto network = router_network();
  auto built = NetnsNetwork::build(network, {}, reaper);
  ASSERT_TRUE(built) << built.error().step << ": " << built.error().why;
  EXPECT_THAT(built->path(), ElementsAre(0, 1));
  ASSERT_EQ(built->taps().size(), 2U);
  // The far link is seen from the router's end: the target must be the one that is heard.
  auto& far = built->taps()[1];
  EXPECT_EQ(far.near, 2);
  EXPECT_EQ(far.far, network.target);
  Instant at{};
  ASSERT_EQ(far.socket.send(arp_probe(network.links[1].ends[0].v4->address)), 0);
  EXPECT_EQ(answer(far.socket, at), mac_of(2));
  auto& near = built->taps()[0];
  ASSERT_EQ(near.socket.send(arp_probe(network.links[0].ends[1].v4->address)), 0);
  EXPECT_EQ(answer(near.socket, at), mac_of(3));
}

// Below 1280 octets a link has no IPv6 at all, and IPv4 must not suffer for it.
TEST_F(NetnsNetworkTest, SmallLinkIsIpv4Only) {
  link::Reaper reaper;
  const auto network = router_network(576);
  auto built = NetnsNetwork::build(network, {}, reaper);
  ASSERT_TRUE(built) << built.error().step << ": " << built.error().why;
  auto& near = built->taps()[0];
  ASSERT_EQ(near.socket.send(arp_probe(network.links[0].ends[1].v4->address)), 0);
  Instant at{};
  EXPECT_EQ(answer(near.socket, at), mac_of(3));
}

TEST_F(NetnsNetworkTest, HostSeesNothingOfIt) {
  const auto before = host_interfaces();
  {
    link::Reaper reaper;
    const auto network = router_network();
    const auto built = NetnsNetwork::build(network, {}, reaper);
    ASSERT_TRUE(built) << built.error().step << ": " << built.error().why;
    EXPECT_EQ(host_interfaces(), before);
  }
  EXPECT_EQ(host_interfaces(), before);
}

TEST_F(NetnsNetworkTest, FlushesWork) {
  link::Reaper reaper;
  const auto network = router_network();
  auto built = NetnsNetwork::build(network, {}, reaper);
  ASSERT_TRUE(built) << built.error().step << ": " << built.error().why;
  const auto neighbours = built->flush_neighbours();
  EXPECT_TRUE(neighbours) << neighbours.error().step << ": " << neighbours.error().why;
  const auto paths = built->flush_path_mtu();
  EXPECT_TRUE(paths) << paths.error().step << ": " << paths.error().why;
}

// What veth pairs cannot do must be a skip with its reason, never a network that is silently
// another one.
TEST_F(NetnsNetworkTest, RefusesWhatItCannotDo) {
  link::Reaper reaper;
  auto lossy = pair_network();
  lossy.links[0].ends[0].towards.loss = 0.1;
  const auto first = NetnsNetwork::build(lossy, {}, reaper);
  ASSERT_FALSE(first);
  EXPECT_TRUE(is_skip(first.error()));
  EXPECT_THAT(first.error().why, testing::HasSubstr("'wire' is impaired"));

  auto silent = router_network();
  silent.hosts[2].router.too_big = checks::RouterBehaviour::TooBig::drop;
  const auto second = NetnsNetwork::build(silent, {}, reaper);
  ASSERT_FALSE(second);
  EXPECT_TRUE(is_skip(second.error()));
  EXPECT_THAT(second.error().why, testing::HasSubstr("'router'"));
}

// Nothing outside a network namespace may be written, however a profile spells it.
TEST_F(NetnsNetworkTest, SysctlsEndAtTheNamespace) {
  link::Reaper reaper;
  const auto network = pair_network();
  auto built = NetnsNetwork::build(network, {}, reaper);
  ASSERT_TRUE(built) << built.error().step << ": " << built.error().why;
  EXPECT_EQ(built->write_target_sysctl("net.ipv4.ip_default_ttl", "65"), 0);
  EXPECT_EQ(built->write_target_sysctl("net.ipv4.no_such_thing", "1"), ENOENT);
  EXPECT_EQ(built->write_target_sysctl("kernel.hostname", "x"), EPERM);
  EXPECT_EQ(built->write_target_sysctl("net.//.kernel.hostname", "x"), EPERM);
}

TEST(NetnsRoutes, HostBehindARouterHasADefaultRoute) {
  const auto network = router_network();
  const auto routes = routes_of(network, network.target);
  ASSERT_EQ(routes.size(), 4U);  // connected and default, twice
  EXPECT_EQ(routes[1].link, 1);
  EXPECT_EQ(routes[1].route.to.length, 0);
  EXPECT_EQ(routes[1].route.gateway, wire::parse_ip("198.51.100.254"));
  EXPECT_EQ(routes[3].route.gateway, wire::parse_ip("2001:db8:2::fe"));
}

TEST(NetnsRoutes, RoutersKnowPrefixesBeyondTheirNeighbours) {
  auto network = router_network();
  network.hosts.push_back({.name = "second", .mac = mac_of(4), .forwards = true});
  network.links[1].ends[0].host = 3;  // target moves behind the second router
  network.links.push_back({.name = "last",
                           .ends = {end_of(3, "203.0.113.254/24", "2001:db8:3::fe/64"),
                                    end_of(1, "203.0.113.2/24", "2001:db8:3::2/64")}});
  const auto first = routes_of(network, 2);
  ASSERT_EQ(first.size(), 6U);
  EXPECT_EQ(first[2].route.to.address, wire::parse_ip("203.0.113.254"));
  EXPECT_EQ(first[2].route.gateway, wire::parse_ip("198.51.100.2"));
  const auto second = routes_of(network, 3);
  ASSERT_EQ(second.size(), 6U);
  EXPECT_EQ(second[2].link, 1);
  EXPECT_EQ(second[2].route.gateway, wire::parse_ip("198.51.100.254"));
}

}  // namespace
}  // namespace tcproof::harness
