// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/sim_router.h"

#include <gmock/gmock.h>

#include <utility>
#include <vector>

#include "stack/wire/checksum.h"
#include "stack/wire/frame.h"
#include "stack/wire/numbers.h"
#include "stack/wire/tcp_options.h"
#include "tests/harness/topology/sim_networks.h"

namespace tcproof::harness {
namespace {

using namespace sim_test;
using wire::Family;
using wire::IpAddress;

struct Put {
  checks::LinkId link;
  wire::FrameSpec frame;
};

// The router of routed() and everything it puts on its links.
class Bed {
 public:
  explicit Bed(checks::Network its_network) : network(std::move(its_network)) {}
  checks::Network network;
  std::vector<Put> put;

  void frame(checks::LinkId link, const wire::FrameSpec& spec) {
    SimRouter one(network, router, [this](checks::LinkId out, wire::Buffer octets) {
      put.push_back({out, wire::dissect(octets)});
    });
    one.on_frame(link, wire::emit(spec));
  }
};

IpAddress ip(const char* text) {
  return *wire::parse_ip(text);
}

// A UDP datagram of the target to the tester, by way of the router.
wire::FrameSpec datagram(Family family, std::size_t octets) {
  wire::FrameSpec spec;
  spec.eth = wire::EthernetSpec{.dst = mac(3), .src = mac(2)};
  const bool v4 = family == Family::v4;
  spec.ip = wire::IpSpec{.family = family,
                         .ttl = std::uint8_t{64},
                         .src = ip(v4 ? "198.51.100.2" : "2001:db8:2::2"),
                         .dst = ip(v4 ? "192.0.2.1" : "2001:db8:1::1")};
  spec.udp = wire::UdpSpec{.src_port = std::uint16_t{5001}, .dst_port = std::uint16_t{40001}};
  for (std::size_t i = 0; i < octets; ++i) spec.payload.push_back(static_cast<std::uint8_t>(i));
  return spec;
}

class EitherFamily : public testing::TestWithParam<Family> {};
INSTANTIATE_TEST_SUITE_P(Ip, EitherFamily, testing::Values(Family::v4, Family::v6));

TEST_P(EitherFamily, ForwardsWithOneHopLess) {
  Bed bed(routed());
  bed.frame(far, datagram(GetParam(), 100));
  ASSERT_EQ(bed.put.size(), 1U);
  const wire::FrameSpec& out = bed.put[0].frame;
  EXPECT_EQ(bed.put[0].link, near);
  EXPECT_EQ(out.eth->dst, mac(1));
  EXPECT_EQ(out.eth->src, mac(3));
  EXPECT_EQ(out.ip->ttl, 63);
  EXPECT_EQ(out.payload.size(), 100U);
  // dissect() gives the checksum that is there: emitting with it unset computes the right one.
  wire::FrameSpec right = out;
  right.ip->checksum.reset();
  EXPECT_EQ(wire::emit(right), wire::emit(out));
}

TEST_P(EitherFamily, TheLastHopIsReported) {
  Bed bed(routed());
  wire::FrameSpec sent = datagram(GetParam(), 20);
  sent.ip->ttl = 1;
  bed.frame(far, sent);
  ASSERT_EQ(bed.put.size(), 1U);
  EXPECT_EQ(bed.put[0].link, far);
  const wire::FrameSpec& out = bed.put[0].frame;
  EXPECT_EQ(out.eth->dst, mac(2));
  EXPECT_EQ(out.ip->dst, sent.ip->src);
  if (GetParam() == Family::v4) {
    EXPECT_EQ(out.ip->src, ip("198.51.100.254"));
    EXPECT_EQ(out.icmp->type, wire::icmp_type::time_exceeded);
    EXPECT_EQ(out.payload.size(), 28U);
  } else {
    EXPECT_EQ(out.ip->src, ip("2001:db8:2::fe"));
    EXPECT_EQ(out.icmpv6->type, wire::icmpv6_type::time_exceeded);
    EXPECT_EQ(out.payload.size(), 40U + 8U + 20U);
  }
}

TEST_P(EitherFamily, KeepsQuietAboutTheLastHopIfTold) {
  Bed bed(routed());
  bed.network.hosts[router].router.time_exceeded = false;
  wire::FrameSpec sent = datagram(GetParam(), 20);
  sent.ip->ttl = 1;
  bed.frame(far, sent);
  EXPECT_TRUE(bed.put.empty());
}

TEST(SimRouter, TooBigWithDontFragmentIsReportedWithTheMtu) {
  Bed bed(routed(1400));
  wire::FrameSpec sent = datagram(Family::v4, 1400);
  sent.ip->df = true;
  sent.ip->id = 7;
  bed.frame(far, sent);
  ASSERT_EQ(bed.put.size(), 1U);
  const wire::FrameSpec& out = bed.put[0].frame;
  EXPECT_EQ(bed.put[0].link, far);
  EXPECT_EQ(out.icmp->type, wire::icmp_type::unreachable);
  EXPECT_EQ(out.icmp->code, wire::unreachable_code::fragmentation_needed);
  EXPECT_EQ(out.icmp->mtu, 1400U);
  // The quote is the packet as it arrived.
  const wire::Buffer whole = wire::emit(sent);
  EXPECT_EQ(out.payload, wire::Buffer(whole.begin() + 14, whole.begin() + 14 + 28));
}

TEST(SimRouter, QuotesAsMuchAsItsBehaviourSays) {
  Bed bed(routed(1400));
  bed.network.hosts[router].router.quotes = 500;
  wire::FrameSpec sent = datagram(Family::v4, 1400);
  sent.ip->df = true;
  bed.frame(far, sent);
  ASSERT_EQ(bed.put.size(), 1U);
  EXPECT_EQ(bed.put[0].frame.payload.size(), 500U);
}

TEST(SimRouter, ClaimsAnotherMtu) {
  Bed bed(routed(1400));
  bed.network.hosts[router].router.too_big = checks::RouterBehaviour::TooBig::claim;
  bed.network.hosts[router].router.claimed_mtu = 0;
  wire::FrameSpec sent = datagram(Family::v4, 1400);
  sent.ip->df = true;
  bed.frame(far, sent);
  ASSERT_EQ(bed.put.size(), 1U);
  EXPECT_EQ(bed.put[0].frame.icmp->mtu, 0U);
}

TEST_P(EitherFamily, ABlackHoleDropsInSilence) {
  Bed bed(routed(1400));
  bed.network.hosts[router].router.too_big = checks::RouterBehaviour::TooBig::drop;
  wire::FrameSpec sent = datagram(GetParam(), 1400);
  sent.ip->df = true;
  bed.frame(far, sent);
  EXPECT_TRUE(bed.put.empty());
}

TEST(SimRouter, PacketTooBigFillsTheLeastMtu) {
  Bed bed(routed(1400));
  bed.frame(far, datagram(Family::v6, 1400));
  ASSERT_EQ(bed.put.size(), 1U);
  const wire::FrameSpec& out = bed.put[0].frame;
  EXPECT_EQ(out.icmpv6->type, wire::icmpv6_type::packet_too_big);
  EXPECT_EQ(out.icmpv6->mtu, 1400U);
  EXPECT_EQ(wire::emit(out).size(), 14U + 1280U);
}

// The pieces, put together by hand, are the packet; each fits the link.
TEST(SimRouter, FragmentsWhatMayBeFragmented) {
  Bed bed(routed(600));
  wire::FrameSpec sent = datagram(Family::v4, 1400);
  sent.ip->df = false;
  sent.ip->id = 7;
  bed.frame(far, sent);
  ASSERT_EQ(bed.put.size(), 3U);
  const wire::Buffer whole = wire::emit(sent);
  wire::Buffer joined;
  for (std::size_t i = 0; i < bed.put.size(); ++i) {
    const wire::FrameSpec& piece = bed.put[i].frame;
    const wire::Buffer octets = wire::emit(piece);
    EXPECT_LE(octets.size(), 14U + 600U);
    EXPECT_EQ(piece.ip->id, 7U);
    EXPECT_EQ(piece.ip->mf, i < 2);
    EXPECT_EQ(piece.ip->offset, joined.size());
    EXPECT_EQ(wire::internet_checksum(wire::Bytes(octets).subspan(14, 20)), 0);
    joined.insert(joined.end(), octets.begin() + 34, octets.end());
  }
  EXPECT_EQ(joined, wire::Buffer(whole.begin() + 34, whole.end()));
}

TEST(SimRouter, ReportsAnAddressThatNobodyHas) {
  Bed bed(routed());
  wire::FrameSpec sent = datagram(Family::v4, 20);
  sent.ip->dst = ip("192.0.2.77");
  bed.frame(far, sent);
  sent.ip->dst = ip("203.0.113.1");
  bed.frame(far, sent);
  ASSERT_EQ(bed.put.size(), 2U);
  EXPECT_EQ(bed.put[0].frame.icmp->code, wire::unreachable_code::host);
  EXPECT_EQ(bed.put[1].frame.icmp->code, wire::unreachable_code::net);
}

// RFC 1122 3.2.2: no error about an error, about a later fragment, or to nobody.
TEST(SimRouter, SaysNothingAboutWhatMustNotBeReported) {
  Bed bed(routed());
  wire::FrameSpec error = datagram(Family::v4, 20);
  error.udp.reset();
  error.icmp = wire::IcmpSpec{.type = wire::icmp_type::unreachable, .code = std::uint8_t{1}};
  error.ip->ttl = 1;
  bed.frame(far, error);
  wire::FrameSpec later = datagram(Family::v4, 20);
  later.ip->offset = 800;
  later.ip->ttl = 1;
  bed.frame(far, later);
  wire::FrameSpec nobody = datagram(Family::v4, 20);
  nobody.ip->src = ip("0.0.0.0");
  nobody.ip->ttl = 1;
  bed.frame(far, nobody);
  EXPECT_TRUE(bed.put.empty());
}

TEST(SimRouter, DropsWhatIsBroken) {
  Bed bed(routed());
  wire::FrameSpec sent = datagram(Family::v4, 20);
  sent.ip->checksum = wire::BadChecksum{};
  bed.frame(far, sent);
  sent = datagram(Family::v4, 20);
  sent.ip->length = 2000;
  bed.frame(far, sent);
  sent = datagram(Family::v4, 20);
  sent.eth->dst = mac(9);
  bed.frame(far, sent);
  EXPECT_TRUE(bed.put.empty());
}

// One error a second, and what it had saved up.
TEST(SimRouter, LimitsItsErrors) {
  checks::Network network = routed();
  network.hosts[router].router.icmp_rate = 1;
  Instant now{};
  std::size_t said = 0;
  SimRouter one(
      network, router, [&said](checks::LinkId, wire::Buffer) { ++said; }, [&now] { return now; });
  wire::FrameSpec dying = datagram(Family::v4, 20);
  dying.ip->ttl = std::uint8_t{1};
  const wire::Buffer frame = wire::emit(dying);
  for (int i = 0; i < 3; ++i) one.on_frame(far, frame);
  EXPECT_EQ(said, 1U);
  now += 999ms;
  one.on_frame(far, frame);
  EXPECT_EQ(said, 1U);
  now += 1ms;
  one.on_frame(far, frame);
  EXPECT_EQ(said, 2U);
}

// The way back may be narrower than the way there.
TEST(SimRouter, HasAnMtuForOneDirection) {
  Bed bed(routed());
  bed.network.links[near].ends[0].towards.mtu = 1400;
  wire::FrameSpec sent = datagram(Family::v4, 1400);
  sent.ip->df = true;
  bed.frame(far, sent);
  ASSERT_EQ(bed.put.size(), 1U);
  ASSERT_TRUE(bed.put[0].frame.icmp);
  EXPECT_EQ(bed.put[0].frame.icmp->mtu, 1400U);
  EXPECT_EQ(bed.network.links[near].mtu_from(tester), 1500U);
}

TEST(SimRouter, ClampsTheMssOfPassingSyns) {
  for (const bool odd : {false, true}) {
    Bed bed(routed());
    bed.network.hosts[router].router.mss_clamp = 1300;
    wire::FrameSpec sent = datagram(Family::v4, 0);
    sent.udp.reset();
    sent.tcp = wire::TcpSpec{.src_port = std::uint16_t{5001},
                             .dst_port = std::uint16_t{40001},
                             .seq = wire::Seq{77},
                             .flags = wire::flag::syn};
    if (odd) wire::append_nop(sent.tcp->options);
    wire::append_mss(sent.tcp->options, 1460);
    bed.frame(far, sent);
    ASSERT_EQ(bed.put.size(), 1U);
    wire::FrameSpec out = bed.put[0].frame;
    bool seen = false;
    for (const auto option : wire::TcpOptions(out.tcp->options))
      if (const auto mss = option.mss()) {
        EXPECT_EQ(*mss, 1300);
        seen = true;
      }
    EXPECT_TRUE(seen);
    const wire::Buffer as_is = wire::emit(out);
    out.tcp->checksum.reset();
    EXPECT_EQ(wire::emit(out), as_is) << "the checksum still fits";
  }
}

TEST(SimRouter, AnswersForItsOwnAddresses) {
  Bed bed(routed());
  wire::FrameSpec request;
  request.eth = wire::EthernetSpec{.dst = wire::mac_broadcast, .src = mac(2)};
  request.arp = wire::ArpSpec{.op = wire::arp_op::request,
                              .sha = mac(2),
                              .spa = ip("198.51.100.2"),
                              .tpa = ip("198.51.100.254")};
  bed.frame(far, request);
  // Not for the address of its other side, nor for a host beyond it.
  request.arp->tpa = ip("192.0.2.1");
  bed.frame(far, request);
  ASSERT_EQ(bed.put.size(), 1U);
  EXPECT_EQ(bed.put[0].frame.arp->op, wire::arp_op::reply);
  EXPECT_EQ(bed.put[0].frame.arp->sha, mac(3));
  EXPECT_EQ(bed.put[0].frame.arp->spa, ip("198.51.100.254"));
}

TEST(SimRouter, AdvertisesItselfWhenSolicited) {
  Bed bed(routed());
  wire::FrameSpec request;
  const IpAddress own = ip("2001:db8:2::fe");
  request.eth =
      wire::EthernetSpec{.dst = wire::multicast_mac(wire::solicited_node(own)), .src = mac(2)};
  request.ip = wire::IpSpec{.family = Family::v6,
                            .ttl = std::uint8_t{255},
                            .src = ip("2001:db8:2::2"),
                            .dst = wire::solicited_node(own)};
  request.nd = wire::NdSpec{
      .type = wire::icmpv6_type::neighbor_solicitation, .target = own, .source_lla = mac(2)};
  bed.frame(far, request);
  ASSERT_EQ(bed.put.size(), 1U);
  const wire::FrameSpec& out = bed.put[0].frame;
  ASSERT_TRUE(out.nd);
  EXPECT_EQ(out.nd->type, wire::icmpv6_type::neighbor_advertisement);
  EXPECT_EQ(out.nd->target, own);
  EXPECT_EQ(out.nd->target_lla, mac(3));
  EXPECT_EQ(out.nd->router, true);
  EXPECT_EQ(out.ip->ttl, 255);
}

TEST_P(EitherFamily, AnswersEchoRequests) {
  Bed bed(routed());
  const bool v4 = GetParam() == Family::v4;
  wire::FrameSpec request = datagram(GetParam(), 40);
  request.udp.reset();
  request.ip->dst = ip(v4 ? "192.0.2.254" : "2001:db8:1::fe");
  const wire::IcmpSpec echo{.type = v4 ? wire::icmp_type::echo : wire::icmpv6_type::echo_request,
                            .id = std::uint16_t{5},
                            .seq = std::uint16_t{6}};
  (v4 ? request.icmp : request.icmpv6) = echo;
  bed.frame(far, request);
  ASSERT_EQ(bed.put.size(), 1U);
  const auto& reply = v4 ? bed.put[0].frame.icmp : bed.put[0].frame.icmpv6;
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->type, v4 ? wire::icmp_type::echo_reply : wire::icmpv6_type::echo_reply);
  EXPECT_EQ(reply->id, 5);
  EXPECT_EQ(bed.put[0].frame.payload, request.payload);
}

// tester --- r1 --- r2 --- target: each router finds the far side by way of the other.
TEST(SimRouter, FindsItsWayOverOtherRouters) {
  checks::Network network = routed();
  network.hosts.push_back({.name = "r2", .mac = mac(4), .forwards = true});
  network.links.push_back({.name = "middle",
                           .ends = {{.host = router, .v4 = wire::parse_prefix("10.0.0.1/24")},
                                    {.host = 3, .v4 = wire::parse_prefix("10.0.0.2/24")}}});
  network.links[far].ends[1].host = 3;
  Bed bed(network);
  wire::FrameSpec sent = datagram(Family::v4, 20);
  std::swap(*sent.ip->src, *sent.ip->dst);
  bed.frame(near, sent);
  ASSERT_EQ(bed.put.size(), 1U);
  EXPECT_EQ(bed.put[0].link, 2);
  EXPECT_EQ(bed.put[0].frame.eth->dst, mac(4));
}

}  // namespace
}  // namespace tcproof::harness
