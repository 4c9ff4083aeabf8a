// SPDX-License-Identifier: Apache-2.0
#include "harness/path/diagnosis.h"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "harness/path/size_search.h"
#include "tests/harness/path/sim_wire.h"

namespace tcproof::harness {
namespace {

using wire::Family;

wire::MacAddress mac(std::size_t last) {
  return {{2, 0, 0, 0, 0, static_cast<std::uint8_t>(last)}};
}

/// tester - r1 - .. - target, a link for each MTU.
checks::Network chain(const std::vector<std::uint32_t>& mtus) {
  checks::Network network;
  network.name = "chain";
  network.hosts = {{.name = "tester", .mac = mac(1)}, {.name = "target", .mac = mac(2)}};
  network.tester = 0;
  network.target = 1;
  std::vector<checks::HostId> way{0};
  for (std::size_t i = 1; i < mtus.size(); ++i) {
    network.hosts.push_back({.name = fmt::format("r{}", i), .mac = mac(2 + i), .forwards = true});
    way.push_back(static_cast<checks::HostId>(1 + i));
  }
  way.push_back(1);
  for (std::size_t i = 0; i < mtus.size(); ++i) {
    const auto end = [&](std::size_t host, int last) {
      return checks::LinkEnd{
          .host = way[host],
          .v4 = wire::parse_prefix(fmt::format("10.0.{}.{}/24", i + 1, last)),
          .v6 = wire::parse_prefix(fmt::format("2001:db8:{}::{}/64", i + 1, last)),
          .towards = {}};
    };
    network.links.push_back(
        {.name = fmt::format("l{}", i), .mtu = mtus[i], .ends = {end(i, 1), end(i + 1, 2)}});
  }
  return network;
}

PathReport diagnosed(const checks::Network& network, Family family, Method method,
                     bool quick = false) {
  SimWire wire(network, family, 1);
  return diagnose(wire, *network.address(network.target, family),
                  {.method = method, .quick = quick});
}

// Any chain whose routers all report: the least MTU, from the first router before such a link, with
// one probe for the first link, one for every step down and one above the last.
RC_GTEST_PROP(Diagnosis, FollowsHonestRouters, ()) {
  const auto family = *rc::gen::element(Family::v4, Family::v6);
  const auto method = *rc::gen::element(Method::icmp, Method::udp, Method::tcp);
  const auto count = *rc::gen::inRange<std::size_t>(2, 6);
  const auto mtus = *rc::gen::container<std::vector<std::uint32_t>>(
      count, rc::gen::inRange<std::uint32_t>(1280, 1501));
  const PathReport report = diagnosed(chain(mtus), family, method, true);
  const auto least = std::ranges::min_element(mtus);
  RC_ASSERT(report.mtu == *least);
  if (least == mtus.begin()) {
    RC_ASSERT(report.cls == PathClass::clear);
    if (method != Method::tcp) RC_ASSERT(report.probes == 1U);
  } else {
    RC_ASSERT(report.cls == PathClass::icmp_ok);
    RC_ASSERT(report.hop == static_cast<std::uint8_t>(least - mtus.begin()));
  }
  if (method != Method::tcp) RC_ASSERT(report.probes <= 1 + count);
}

// One silent router anywhere: it is named, at the price that the header states.
RC_GTEST_PROP(Diagnosis, FindsTheBlackHole, ()) {
  const auto family = *rc::gen::element(Family::v4, Family::v6);
  const auto method = *rc::gen::element(Method::icmp, Method::udp, Method::tcp);
  const auto count = *rc::gen::inRange<std::size_t>(2, 6);
  const auto where = *rc::gen::inRange<std::size_t>(1, count);
  const auto narrow = *rc::gen::inRange<std::uint32_t>(family == Family::v4 ? 600 : 1280, 1500);
  std::vector<std::uint32_t> mtus(count, 1500);
  mtus[where] = narrow;
  checks::Network network = chain(mtus);
  network.hosts[1 + where].router.too_big = checks::RouterBehaviour::TooBig::drop;
  const PathReport report = diagnosed(network, family, method);
  RC_ASSERT(report.cls == PathClass::black_hole);
  RC_ASSERT(report.mtu == narrow);
  RC_ASSERT(report.hop == static_cast<std::uint8_t>(where));
  if (method == Method::tcp) return;
  constexpr unsigned copies = 6, control = 24, rounds = 2;
  const unsigned sizes = family == Family::v4 ? 11 : 8;
  RC_ASSERT(report.probes <=
            3 + copies + control + sizes * copies + rounds * copies + count * 2 * copies);
  RC_ASSERT(report.loss_probes == control);
}

// A router that reports less than it forwards: believing it would get through.
RC_GTEST_PROP(Diagnosis, DoesNotSettleForLess, ()) {
  const auto family = *rc::gen::element(Family::v4, Family::v6);
  const auto method = *rc::gen::element(Method::icmp, Method::udp, Method::tcp);
  const auto narrow = *rc::gen::inRange<std::uint32_t>(1290, 1500);
  checks::Network network = chain({1500, narrow, 1500});
  network.hosts[2].router.too_big = checks::RouterBehaviour::TooBig::claim;
  network.hosts[2].router.claimed_mtu = *rc::gen::inRange<std::uint32_t>(1280, narrow);
  const PathReport report = diagnosed(network, family, method, true);
  RC_ASSERT(report.cls == PathClass::wrong_icmp);
  RC_ASSERT(report.mtu == narrow);
  RC_ASSERT(report.hop == std::uint8_t{1});
  RC_ASSERT(report.claimed == network.hosts[2].router.claimed_mtu);
}

TEST(Diagnosis, AClearPathCostsOneProbeAndANarrowOneThree) {
  for (const Family family : {Family::v4, Family::v6}) {
    for (const bool quick : {true, false}) {
      for (const auto& [mtu, cost] : {std::pair{1500U, 1U}, std::pair{1400U, 3U}}) {
        const PathReport report = diagnosed(chain({1500, mtu, 1500}), family, Method::icmp, quick);
        EXPECT_EQ(report.probes - report.loss_probes, cost);
        EXPECT_EQ(report.loss_probes, quick ? 0U : 16U);
      }
    }
  }
}

// IPv6 routers do not fragment: the first large answer is lost, and that is no loss of the path's.
TEST(Diagnosis, MeasuresANarrowWayBack) {
  for (const Family family : {Family::v4, Family::v6}) {
    for (std::uint32_t mtu = 1393; mtu <= 1408; ++mtu) {
      checks::Network network = chain({1500, 1500, 1500});
      network.links[1].ends[0].towards.mtu = mtu;
      const PathReport report = diagnosed(network, family, Method::icmp, true);
      EXPECT_EQ(report.cls, PathClass::asymmetric) << mtu;
      EXPECT_EQ(report.mtu, 1500U) << mtu;
      EXPECT_EQ(report.return_mtu, mtu);
      EXPECT_LE(report.probes, 6U) << mtu;
      EXPECT_EQ(report.loss_probes, 0U) << mtu;
    }
  }
}

/// A firewall that lets nothing through but one method.
class OnlyOne final : public ProbeWire {
 public:
  OnlyOne(const checks::Network& network, Method method)
      : inner_(network, Family::v4, 1), method_(method) {}
  Instant now() const override { return inner_.now(); }
  std::uint32_t first_mtu() const override { return inner_.first_mtu(); }
  Family family() const override { return Family::v4; }
  bool offers(Method method) const override { return inner_.offers(method); }
  bool send(const Probe& probe, std::uint16_t number) override {
    return probe.method != method_ || inner_.send(probe, number);
  }
  std::optional<Heard> wait(Instant until) override { return inner_.wait(until); }
  TcpPeer tcp_peer() const override { return inner_.tcp_peer(); }

 private:
  SimWire inner_;
  Method method_;
};

TEST(Diagnosis, AFilteredMethodCostsLittleTime) {
  const checks::Network network = chain({1500, 1400, 1500});
  for (const Method method : {Method::udp, Method::tcp}) {
    OnlyOne wire(network, method);
    const PathReport report = diagnose(wire, *network.address(network.target, Family::v4), {});
    EXPECT_EQ(report.cls, PathClass::icmp_ok) << to_string(method);
    EXPECT_EQ(report.mtu, 1400U) << to_string(method);
    EXPECT_LT(report.took, 4s) << to_string(method);
  }
}

TEST(Diagnosis, MuteRoutersLeaveTheHopOpen) {
  checks::Network network = chain({1500, 1500, 1400});
  for (checks::NetworkHost& host : network.hosts) {
    host.router.time_exceeded = false;
    host.router.too_big = checks::RouterBehaviour::TooBig::drop;
  }
  const PathReport report = diagnosed(network, Family::v4, Method::icmp);
  EXPECT_EQ(report.cls, PathClass::black_hole);
  EXPECT_EQ(report.mtu, 1400U);
  EXPECT_EQ(report.hop, 2);
  EXPECT_THAT(report.notes, testing::Contains(testing::HasSubstr("sends no time-exceeded")));
}

TEST(Diagnosis, SaysWhatAnUnreachableTargetIs) {
  checks::Network network = chain({1500, 1500});
  network.links[1].ends[1].towards.loss = 1;
  const PathReport report = diagnosed(network, Family::v6, Method::udp);
  EXPECT_EQ(report.cls, PathClass::unreachable);
  EXPECT_EQ(report.mtu, 0U);
  EXPECT_FALSE(report.sentence().empty());
}

/// Somebody off the path who answers the first probe with an error about a packet of his invention.
class ForgedErrors final : public ProbeWire {
 public:
  explicit ForgedErrors(const checks::Network& network) : inner_(network, Family::v4, 1) {}
  Instant now() const override { return inner_.now(); }
  std::uint32_t first_mtu() const override { return inner_.first_mtu(); }
  Family family() const override { return Family::v4; }
  bool offers(Method method) const override { return inner_.offers(method); }
  bool send(const Probe& probe, std::uint16_t number) override {
    return inner_.send(probe, number);
  }
  std::optional<Heard> wait(Instant until) override {
    if (!forged_) {
      forged_ = true;
      return Heard{{}, {.kind = Answer::Kind::too_big, .mtu = 600}};
    }
    return inner_.wait(until);
  }
  TcpPeer tcp_peer() const override { return inner_.tcp_peer(); }

 private:
  SimWire inner_;
  bool forged_ = false;
};

// RFC 5927 7.3: an error about what was never sent must not lower anything.
TEST(Diagnosis, AnErrorAboutAPacketNeverSentIsWrong) {
  const checks::Network network = chain({1500, 1500});
  ForgedErrors wire(network);
  const PathReport report =
      diagnose(wire, *network.address(network.target, Family::v4), {.method = Method::icmp});
  EXPECT_EQ(report.cls, PathClass::wrong_icmp);
  EXPECT_EQ(report.mtu, 1500U);
}

}  // namespace
}  // namespace tcproof::harness
