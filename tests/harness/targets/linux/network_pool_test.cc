// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/network_pool.h"

#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "stack/wire/arp.h"
#include "stack/wire/ethernet.h"
#include "tests/harness/topology/netns_fixture.h"

namespace tcproof::harness {
namespace {

using NetworkPoolTest = NamespaceTest;

ino_t number_of(const Namespace& space) {
  struct stat status{};
  EXPECT_EQ(::fstat(space.descriptor(), &status), 0);
  return status.st_ino;
}

/// How many frames of ARP wait at the tester, after one request for the target's MAC or without.
std::size_t arp_frames_of(NetnsNetwork& network, bool ask) {
  link::PacketSocket& socket = network.taps().front().socket;
  if (ask) {
    wire::Buffer request(wire::EthernetHeader::size + wire::ArpHeader::size);
    const wire::MutableBytes out(request);
    emit(wire::EthernetHeader{wire::mac_broadcast, mac_of(1), wire::ether_type::arp}, out);
    emit(wire::ArpHeader{.sha = mac_of(1), .tpa = wire::IpAddress::v4(192, 0, 2, 2)},
         out.subspan(wire::EthernetHeader::size));
    EXPECT_EQ(socket.send(request), 0);
  }
  std::size_t count = 0;
  link::PacketSocket::Frame frame;
  while (socket.receive(frame)) {
    const auto ethernet = wire::EthernetView::parse(frame.octets);
    if (ethernet && ethernet->type() == wire::ether_type::arp) ++count;
  }
  return count;
}

// Whether it was made ahead or not, every one is new, whole and silent.
TEST_F(NetworkPoolTest, EachTakesAFreshNetworkThatWorks) {
  link::Reaper reaper;
  auto tester = NetnsHost::make();
  ASSERT_TRUE(tester);
  NetworkPool pool(reaper, 4);
  std::vector<checks::Network> networks(60, pair_network());
  for (std::size_t i = 0; i < networks.size(); i += 3) networks[i].links[0].mtu = 1400;
  std::vector<NetnsNetwork> held;
  std::set<ino_t> spaces;
  for (std::uint32_t i = 0; i < networks.size(); ++i) {
    auto taken = pool.take(networks[i], {.tester = &*tester, .serial = i, .proc = {}});
    ASSERT_TRUE(taken) << taken.error().step << ": " << taken.error().why;
    EXPECT_TRUE(spaces.insert(number_of(taken->target())).second);
    EXPECT_EQ(taken->write_target_sysctl("net.ipv4.tcp_sack", "0"), 0);
    EXPECT_EQ(arp_frames_of(*taken, false), 0U);
    EXPECT_EQ(arp_frames_of(*taken, true), 1U);
    held.push_back(std::move(*taken));
  }
}

TEST_F(NetworkPoolTest, WhatDependsOnTheCaseIsMadeForIt) {
  link::Reaper reaper;
  NetworkPool pool(reaper, 4);
  for (int i = 0; i < 12; ++i) {
    auto network = i % 2 == 0 ? router_network() : pair_network();
    if (i % 4 == 1) network.links[0].ends[1].towards.loss = 1;
    auto taken = pool.take(network, {.proc = {}});
    ASSERT_TRUE(taken) << taken.error().step << ": " << taken.error().why;
    EXPECT_EQ(taken->path().size(), network.links.size());
    EXPECT_EQ(static_cast<bool>(taken->taps().front().far_side), i % 4 == 1);
  }
}

TEST(Interchangeable, IsWhatDiffersByNamesAtMost) {
  const auto pair = pair_network();
  auto other = pair;
  other.name = "another";
  other.hosts[0].name = "peer";
  EXPECT_TRUE(are_interchangeable(pair, other));
  other.hosts[0].mac = mac_of(7);
  EXPECT_FALSE(are_interchangeable(pair, other));
  other = pair;
  other.links[0].mtu = 1499;
  EXPECT_FALSE(are_interchangeable(pair, other));
  other = pair;
  other.links[0].ends[1].v6.reset();
  EXPECT_FALSE(are_interchangeable(pair, other));
  other = pair;
  other.links[0].ends[1].towards.mtu = 1400;
  EXPECT_FALSE(are_interchangeable(pair, other));
  other = pair;
  other.links[0].ends[1].towards.loss = 0.1;
  EXPECT_FALSE(are_interchangeable(pair, other));
  EXPECT_FALSE(are_interchangeable(router_network(), router_network()));
  other = pair;
  std::swap(other.tester, other.target);
  EXPECT_FALSE(are_interchangeable(pair, other));
}

}  // namespace
}  // namespace tcproof::harness
