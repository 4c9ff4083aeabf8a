// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/topology_file.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace tcproof::harness {
namespace {

using loading::Document;
using loading::Problems;

std::filesystem::path shipped(const std::string& name) {
  return std::filesystem::path(TCPROOF_SOURCE_DIR) / "specs/topologies" / (name + ".yaml");
}

TEST(TopologyFile, Pair) {
  const auto network = load_topology(shipped("pair"));
  ASSERT_TRUE(network) << render(network.error());
  EXPECT_EQ(network->name, "pair");
  ASSERT_EQ(network->hosts.size(), 2U);
  ASSERT_EQ(network->links.size(), 1U);
  EXPECT_EQ(network->links[0].mtu, 1500U);
  EXPECT_EQ(network->hosts[network->target].mac, *wire::parse_mac("02:00:00:00:00:02"));
  EXPECT_EQ(network->address(network->tester, wire::Family::v6), wire::parse_ip("2001:db8::1"));
}

TEST(TopologyFile, RouterWithSettings) {
  const auto network = load_topology(shipped("router"), {{"near_mtu", "1280"}});
  ASSERT_TRUE(network) << render(network.error());
  EXPECT_EQ(network->links[*network->link_id("near")].mtu, 1280U);
  EXPECT_EQ(network->links[*network->link_id("far")].mtu, 1500U);
  EXPECT_TRUE(network->links[*network->link_id("far")].capture);
  const auto* router = network->find_host("router");
  EXPECT_TRUE(router->forwards);
  EXPECT_EQ(router->router.too_big, checks::RouterBehaviour::TooBig::send);
  EXPECT_EQ(router->router.quotes, 28);
}

TEST(TopologyFile, UnknownVariableSuggestsOne) {
  const auto network = load_topology(shipped("router"), {{"near_mtv", "1280"}});
  ASSERT_FALSE(network);
  EXPECT_EQ(network.error()[0].message, "this topology has no variable 'near_mtv'");
  EXPECT_EQ(network.error()[0].cure, "did you mean 'near_mtu'?");
}

constexpr const char* good =
    "name: x\n"
    "hosts:\n"
    "  tester: { mac: \"02:00:00:00:00:01\" }\n"
    "  target: { mac: \"02:00:00:00:00:02\" }\n"
    "  r: { mac: \"02:00:00:00:00:03\", forwards: true, too-big: 0, time-exceeded: drop, "
    "mss-clamp: 1300 }\n"
    "links:\n"
    "  near:\n"
    "    ends: { tester: { v4: 192.0.2.1/24 }, r: { v4: 192.0.2.2/24 } }\n"
    "  far:\n"
    "    ends: { r: { v4: 198.51.100.1/24 }, target: { v4: 198.51.100.2/24 } }\n"
    "    impair: { tester: { delay: 10ms, loss: 0.5 }, target: { rate: 1000000, queue: 3 } }\n";

std::optional<checks::Network> read(std::string text, const std::string& from,
                                    const std::string& to, std::string& message) {
  if (!from.empty()) text.replace(text.find(from), from.size(), to);
  Problems problems;
  const Document document = loading::parse_yaml("x.yaml", text, problems);
  auto network = loading::read_topology(document.root, {}, problems);
  message.clear();
  if (const Diagnostics found = problems.take(); !found.empty()) message = found[0].message;
  return network;
}

// An impairment is named after who receives: behind the router that is the router's end of the
// link.
TEST(TopologyFile, ImpairmentsByReceiver) {
  std::string message;
  const auto network = read(good, "", "", message);
  ASSERT_TRUE(network) << message;
  const auto& far = network->links[1];
  EXPECT_EQ(far.ends[0].towards.delay, Duration(10ms));
  EXPECT_EQ(far.ends[0].towards.loss, 0.5);
  EXPECT_EQ(far.ends[1].towards.rate_bps, 1000000U);
  EXPECT_EQ(far.ends[1].towards.queue, 3U);
  const auto& router = network->hosts[2].router;
  EXPECT_EQ(router.too_big, checks::RouterBehaviour::TooBig::claim);
  EXPECT_EQ(router.claimed_mtu, 0U);
  EXPECT_FALSE(router.time_exceeded);
  EXPECT_EQ(router.mss_clamp, 1300);
}

TEST(TopologyFile, RefusesWithReasons) {
  const auto refused = [](const std::string& from, const std::string& to) {
    std::string message;
    EXPECT_FALSE(read(good, from, to, message)) << to;
    return message;
  };
  EXPECT_EQ(refused("forwards: true", "forwards: yes"), "'forwards' is true or false, not 'yes'");
  EXPECT_EQ(refused("\"02:00:00:00:00:03\"", "\"02:00:00:00:03\""),
            "'02:00:00:00:03' is no MAC address");
  EXPECT_EQ(refused("00:03", "00:02"), "another host has this MAC address");
  EXPECT_EQ(refused("192.0.2.1/24", "192.0.2.1"), "'192.0.2.1' is no IPv4 address with its prefix");
  EXPECT_EQ(refused("  tester: { mac: \"02:00:00:00:00:01\" }\n", ""), "there is no host 'tester'");
  EXPECT_EQ(refused(", target: { v4: 198.51.100.2/24 }", ""), "a link has two ends, not 1");
  EXPECT_EQ(refused("loss: 0.5", "loss: 1.5"), "'loss' is 0 to 1, not '1.5'");
  EXPECT_EQ(refused("delay: 10ms", "delay: 10"), "'10' has no unit");
  EXPECT_EQ(refused("too-big: 0", "too-big: fine"),
            "'too-big' is send, drop or an MTU, not 'fine'");
  EXPECT_EQ(refused("impair: { tester:", "impair: { testr:"), "no host 'testr'");
  EXPECT_EQ(refused("name: x", "nam: x"), "a topology needs 'name'");
  EXPECT_EQ(
      refused("impair: { tester: { delay: 10ms", "impair: { tester: { mtu: 1400, delay: 10ms"),
      "'target' sends this way and is no router: it has the link's MTU");
}

}  // namespace
}  // namespace tcproof::harness
