// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/netns_network.h"

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "harness/topology/netns_filter.h"
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

// What the kernel cannot do must be a skip with its reason, never a network that is silently another.
TEST_F(NetnsNetworkTest, RefusesWhatItCannotDo) {
  link::Reaper reaper;
  auto curt = router_network();
  curt.hosts[2].router.quotes = 100;
  const auto built = NetnsNetwork::build(curt, {}, reaper);
  ASSERT_FALSE(built);
  EXPECT_TRUE(is_skip(built.error()));
  EXPECT_THAT(built.error().why, testing::HasSubstr("'router' quotes 548 octets, not 100"));
}

// On an impaired link nothing gets through that should not, and the fence's frames do.
TEST_F(NetnsNetworkTest, ImpairedLinkLosesAllButTheFence) {
  link::Reaper reaper;
  auto dead = pair_network();
  dead.links[0].ends[1].towards.loss = 1;
  auto built = NetnsNetwork::build(dead, {}, reaper);
  ASSERT_TRUE(built) << built.error().step << ": " << built.error().why;
  auto& tap = built->taps().front();
  ASSERT_TRUE(tap.far_side);
  const auto& asked = dead.links[0].ends[1].v4->address;
  wire::Buffer ordinary = arp_probe(asked);
  ordinary[14 + 14] = 192;  // a sender's address: no fence
  ASSERT_EQ(tap.socket.send(ordinary), 0);
  ASSERT_EQ(tap.socket.send(arp_probe(asked)), 0);
  // The answer of the probe proves that the frame before it had its time.
  unsigned answers = 0;
  for (int i = 0; i < 2000 && answers == 0; ++i) {
    pollfd wait{tap.far_side->descriptor(), POLLIN, 0};
    ::poll(&wait, 1, 1);
    Instant at{};
    while (answer(*tap.far_side, at)) ++answers;
  }
  EXPECT_EQ(answers, 1U);
}

TEST(RouterRules, SayWhatTheBehaviourSays) {
  using TooBig = checks::RouterBehaviour::TooBig;
  EXPECT_EQ(router_rules({}), "");
  EXPECT_THAT(router_rules({.too_big = TooBig::drop}),
              testing::HasSubstr("icmpv6 type packet-too-big drop\n"));
  EXPECT_THAT(router_rules({.too_big = TooBig::claim, .claimed_mtu = 1450}),
              testing::HasSubstr("icmp code frag-needed icmp mtu set 1450\n"));
  EXPECT_THAT(router_rules({.unreachable = false}),
              testing::HasSubstr("icmp code != frag-needed drop\n"));
  EXPECT_THAT(router_rules({.mss_clamp = 1300}),
              testing::HasSubstr("tcp option maxseg size set 1300\n"));
  EXPECT_THAT(router_rules({.icmp_rate = 2}),
              testing::HasSubstr("limit rate over 2/second burst 2 packets drop\n"));
}

// The kernel must take every rule there is.
TEST_F(NetnsNetworkTest, LoadsEveryRule) {
  using TooBig = checks::RouterBehaviour::TooBig;
  for (const TooBig too_big : {TooBig::drop, TooBig::claim}) {
    const auto space = Namespace::make();
    ASSERT_TRUE(space);
    const auto loaded = load_rules(*space, router_rules({.too_big = too_big,
                                                         .claimed_mtu = 1400,
                                                         .time_exceeded = false,
                                                         .unreachable = false,
                                                         .mss_clamp = 1300,
                                                         .icmp_rate = 3}));
    EXPECT_TRUE(loaded) << loaded.error().why;
  }
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
