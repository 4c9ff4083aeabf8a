// SPDX-License-Identifier: Apache-2.0
#include "harness/run/tester_host.h"

#include <gmock/gmock.h>

#include "stack/wire/frame.h"
#include "stack/wire/numbers.h"
#include "tests/harness/topology/sim_networks.h"

namespace tcproof::harness {
namespace {

using namespace sim_test;

checks::Case case_on(checks::Network network) {
  checks::Case one_case;
  one_case.network = std::move(network);
  return one_case;
}

wire::FrameSpec arp_request(const char* asked) {
  wire::FrameSpec request;
  request.eth = wire::EthernetSpec{.dst = wire::mac_broadcast, .src = mac(2)};
  request.arp = wire::ArpSpec{.op = wire::arp_op::request,
                              .sha = mac(2),
                              .spa = wire::parse_ip("192.0.2.2"),
                              .tpa = wire::parse_ip(asked)};
  return request;
}

wire::FrameSpec solicitation(const char* source, const char* asked) {
  const wire::IpAddress about = *wire::parse_ip(asked);
  wire::FrameSpec request;
  request.eth =
      wire::EthernetSpec{.dst = wire::multicast_mac(wire::solicited_node(about)), .src = mac(2)};
  request.ip = wire::IpSpec{.family = wire::Family::v6,
                            .ttl = std::uint8_t{255},
                            .src = wire::parse_ip(source),
                            .dst = wire::solicited_node(about)};
  request.nd = wire::NdSpec{.type = wire::icmpv6_type::neighbor_solicitation, .target = about};
  return request;
}

std::optional<wire::FrameSpec> answer(const checks::Case& one_case, checks::LinkId link,
                                      const wire::FrameSpec& request) {
  checks::Trace trace;
  const wire::Buffer octets = wire::emit(request);
  const checks::FrameSeen seen{Instant{}, link, target, trace.keep(octets)};
  const auto given = TesterHost(one_case).on_frame(seen, octets);
  if (!given) return {};
  EXPECT_EQ(given->from, tester);
  EXPECT_EQ(given->link, link);
  return wire::dissect(given->octets);
}

TEST(TesterHost, AnswersArpForTheTester) {
  const checks::Case one_case = case_on(pair());
  const auto reply = answer(one_case, 0, arp_request("192.0.2.1"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->eth->dst, mac(2));
  EXPECT_EQ(reply->arp->op, wire::arp_op::reply);
  EXPECT_EQ(reply->arp->sha, mac(1));
  EXPECT_EQ(reply->arp->spa, wire::parse_ip("192.0.2.1"));
  EXPECT_EQ(reply->arp->tha, mac(2));
  EXPECT_EQ(reply->arp->tpa, wire::parse_ip("192.0.2.2"));
}

TEST(TesterHost, AnswersSolicitationsForTheTester) {
  const checks::Case one_case = case_on(pair());
  const auto reply = answer(one_case, 0, solicitation("2001:db8::2", "2001:db8::1"));
  ASSERT_TRUE(reply && reply->nd);
  EXPECT_EQ(reply->eth->dst, mac(2));
  EXPECT_EQ(reply->ip->ttl, 255);
  EXPECT_EQ(reply->ip->dst, wire::parse_ip("2001:db8::2"));
  EXPECT_EQ(reply->nd->type, wire::icmpv6_type::neighbor_advertisement);
  EXPECT_EQ(reply->nd->target, wire::parse_ip("2001:db8::1"));
  EXPECT_EQ(reply->nd->target_lla, mac(1));
  EXPECT_EQ(reply->nd->solicited, true);
}

// RFC 4861 7.2.4: who asks without an address is answered by telling all.
TEST(TesterHost, AnswersToAllNodesIfTheSourceIsUnspecified) {
  const checks::Case one_case = case_on(pair());
  const auto reply = answer(one_case, 0, solicitation("::", "2001:db8::1"));
  ASSERT_TRUE(reply && reply->nd);
  EXPECT_EQ(reply->ip->dst, wire::parse_ip("ff02::1"));
  EXPECT_EQ(reply->nd->solicited, false);
}

TEST(TesterHost, LeavesOthersToThemselves) {
  const checks::Case one_case = case_on(routed());
  EXPECT_TRUE(answer(one_case, near, arp_request("192.0.2.1")));
  EXPECT_FALSE(answer(one_case, far, arp_request("192.0.2.1"))) << "not on that link";
  EXPECT_FALSE(answer(one_case, far, arp_request("198.51.100.2"))) << "the target";
  EXPECT_FALSE(answer(one_case, far, arp_request("198.51.100.254"))) << "a router";
  EXPECT_FALSE(answer(one_case, near, arp_request("192.0.2.9"))) << "nobody";
}

TEST(TesterHost, LeavesManualNeighboursToTheCase) {
  checks::Case one_case = case_on(pair());
  one_case.manual_neighbours = true;
  EXPECT_FALSE(answer(one_case, 0, arp_request("192.0.2.1")));
  EXPECT_FALSE(answer(one_case, 0, solicitation("2001:db8::2", "2001:db8::1")));
}

TEST(TesterHost, IgnoresWhatIsNoQuestion) {
  const checks::Case one_case = case_on(pair());
  wire::FrameSpec reply = arp_request("192.0.2.1");
  reply.arp->op = wire::arp_op::reply;
  EXPECT_FALSE(answer(one_case, 0, reply));
  wire::FrameSpec far_away = solicitation("2001:db8::2", "2001:db8::1");
  far_away.ip->ttl = 64;
  EXPECT_FALSE(answer(one_case, 0, far_away));
  const wire::Buffer whole = wire::emit(arp_request("192.0.2.1"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    checks::Trace trace;
    const wire::Bytes part = wire::Bytes(whole).first(length);
    const checks::FrameSeen seen{Instant{}, 0, target, trace.keep(part)};
    EXPECT_FALSE(TesterHost(one_case).on_frame(seen, part)) << length;
  }
}

}  // namespace
}  // namespace tcproof::harness
