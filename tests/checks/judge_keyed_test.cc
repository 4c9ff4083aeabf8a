// SPDX-License-Identifier: Apache-2.0 Keyed frames, other hosts and other links: rendering and
// matching of everything that is no segment line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/wire/numbers.h"
#include "tests/checks/play.h"

namespace tcproof::checks::test {
namespace {

using Kind = FramePattern::Kind;
using testing::HasSubstr;
using wire::Field;

FieldPattern number(Field field, std::string_view value) {
  return {field, *parse_value({value, 0})};
}
FieldPattern exact(Field field, wire::FieldValue value) {
  return {field, std::move(value)};
}

Step& keyed(Steps& steps, Step::Verb verb, Kind kind, std::vector<FieldPattern> fields = {}) {
  Step& step = steps.verb(verb);
  step.text = "a frame";
  step.frame.kind = kind;
  step.frame.fields = std::move(fields);
  return step;
}

/// The octets of the first frame the tester sent, dissected.
wire::FrameSpec first_sent(const Play& play) {
  for (const Event& event : play.trace().events()) {
    if (const auto* sent = std::get_if<FrameSent>(&event)) {
      return wire::dissect(play.trace().octets(sent->octets));
    }
  }
  ADD_FAILURE() << "nothing was sent";
  return {};
}

/// Plays one send step and gives back what went out.
wire::FrameSpec rendered(Steps& steps, Case one_case = pair_case()) {
  one_case.steps = steps.take();
  Play play(std::move(one_case));
  EXPECT_EQ(play.run().verdict, Verdict::pass) << play.run().reason;
  return first_sent(play);
}

wire::FrameSpec from_target() {
  wire::FrameSpec frame;
  frame.eth = wire::EthernetSpec{.dst = wire::MacAddress{{2, 0, 0, 0, 0, 1}},
                                 .src = wire::MacAddress{{2, 0, 0, 0, 0, 2}}};
  frame.ip = wire::IpSpec{.src = wire::IpAddress::v4(192, 0, 2, 2),
                          .dst = wire::IpAddress::v4(192, 0, 2, 1)};
  return frame;
}

Case v6_case() {
  Case one_case = pair_case();
  one_case.family = wire::Family::v6;
  const char* addresses[] = {"2001:db8::1", "2001:db8::2"};
  for (std::size_t i = 0; i < 2; ++i) {
    one_case.network.links[0].ends[i].v6 = wire::IpPrefix{*wire::parse_ip(addresses[i]), 64};
  }
  return one_case;
}

Case udp_case() {
  Case one_case = pair_case();
  one_case.connections[0].tcp = false;
  return one_case;
}

TEST(Render, ADatagramHasTheConnectionsEnds) {
  Steps steps;
  keyed(steps, Step::Verb::send, Kind::udp).frame.data = Payload{{}, *parse_value({"4", 0})};
  const wire::FrameSpec sent = rendered(steps, udp_case());
  ASSERT_TRUE(sent.udp);
  EXPECT_EQ(sent.udp->src_port, 40001);
  EXPECT_EQ(sent.udp->dst_port, 5001);
  EXPECT_EQ(sent.payload, (wire::Buffer{0, 1, 2, 3})) << "in a datagram octets count from 0";
  EXPECT_EQ(sent.eth->dst, (wire::MacAddress{{2, 0, 0, 0, 0, 2}}));
}

TEST(Render, WhatIsSetGoesOutAsWritten) {
  Steps steps;
  Step& step = steps.send("S  0:0(0)");
  step.frame.fields = {number(Field::ip_ttl, "7"), exact(Field::tcp_checksum, wire::BadChecksum{}),
                       exact(Field::eth_dst, wire::mac_broadcast),
                       exact(Field::ip_src, wire::IpAddress::v4(10, 1, 2, 3))};
  const wire::FrameSpec sent = rendered(steps);
  EXPECT_EQ(sent.ip->ttl, 7);
  EXPECT_EQ(sent.eth->dst, wire::mac_broadcast);
  EXPECT_EQ(sent.ip->src, wire::IpAddress::v4(10, 1, 2, 3));
  wire::FrameSpec right = sent;
  right.tcp->checksum.reset();
  const auto checksum = wire::dissect(wire::emit(right)).tcp->checksum;
  EXPECT_EQ(std::get<std::uint16_t>(*sent.tcp->checksum), std::get<std::uint16_t>(*checksum) ^ 1);
}

TEST(Render, ArpHasItsDefaults) {
  Steps steps;
  keyed(steps, Step::Verb::send, Kind::arp);
  const wire::FrameSpec request = rendered(steps);
  EXPECT_EQ(request.eth->dst, wire::mac_broadcast);
  EXPECT_EQ(request.arp->op, wire::arp_op::request);
  EXPECT_EQ(request.arp->spa, wire::IpAddress::v4(192, 0, 2, 1));
  EXPECT_EQ(request.arp->tpa, wire::IpAddress::v4(192, 0, 2, 2));
  EXPECT_EQ(request.arp->tha, wire::MacAddress{});
  Steps answer;
  keyed(answer, Step::Verb::send, Kind::arp, {number(Field::arp_op, "2")});
  const wire::FrameSpec reply = rendered(answer);
  EXPECT_EQ(reply.eth->dst, (wire::MacAddress{{2, 0, 0, 0, 0, 2}}));
  EXPECT_EQ(reply.arp->tha, (wire::MacAddress{{2, 0, 0, 0, 0, 2}}));
}

TEST(Render, NeighbourDiscoveryHasItsDefaults) {
  Steps ask;
  keyed(ask, Step::Verb::send, Kind::nd, {number(Field::nd_type, "135")});
  const wire::FrameSpec solicitation = rendered(ask, v6_case());
  ASSERT_TRUE(solicitation.nd);
  EXPECT_EQ(solicitation.ip->dst, *wire::parse_ip("ff02::1:ff00:2"));
  EXPECT_EQ(wire::to_string(*solicitation.eth->dst), "33:33:ff:00:00:02");
  EXPECT_EQ(solicitation.nd->target, *wire::parse_ip("2001:db8::2"));
  EXPECT_EQ(solicitation.nd->source_lla, (wire::MacAddress{{2, 0, 0, 0, 0, 1}}));
  EXPECT_EQ(solicitation.ip->ttl, 255);
  Steps tell;
  keyed(tell, Step::Verb::send, Kind::nd, {number(Field::nd_type, "136")});
  const wire::FrameSpec advertisement = rendered(tell, v6_case());
  EXPECT_EQ(advertisement.ip->dst, *wire::parse_ip("2001:db8::2"));
  EXPECT_EQ(advertisement.nd->target, *wire::parse_ip("2001:db8::1"));
}

TEST(Render, AnErrorQuotesASavedFrame) {
  for (const bool longer : {false, true}) {
    Steps steps;
    steps.send("S  0:0(0)");
    steps.expect("S. 0:0(0) ack 1").save = "big";
    Step& error = keyed(steps, Step::Verb::send, Kind::icmp,
                        {number(Field::icmp_type, "3"), number(Field::icmp_code, "4"),
                         number(Field::icmp_mtu, "$big.win")});
    error.frame.quotes = "big";
    if (longer) error.frame.quote_length = *parse_value({"40", 0});
    Case one_case = pair_case();
    one_case.steps = steps.take();
    Play play(std::move(one_case));
    play.react(0, 0s, "S. 0:0(0) ack 1 win 1400");
    ASSERT_EQ(play.run().verdict, Verdict::pass) << play.run().reason;
    const auto& events = play.trace().events();
    std::vector<wire::FrameSpec> sent;
    for (const Event& event : events) {
      if (const auto* one = std::get_if<FrameSent>(&event))
        sent.push_back(wire::dissect(play.trace().octets(one->octets)));
    }
    ASSERT_EQ(sent.size(), 2u);
    ASSERT_TRUE(sent[1].icmp);
    EXPECT_EQ(sent[1].icmp->mtu, 1400u);
    const std::size_t size = longer ? 40 : 28;
    ASSERT_EQ(sent[1].payload.size(), size);
    EXPECT_EQ(wire::be16(sent[1].payload, 20), 5001) << "the quote begins with the IP header";
    EXPECT_EQ(wire::be32(sent[1].payload, 24), target_isn.value);
  }
}

TEST(Render, FragmentsAreCutAsWritten) {
  Steps steps;
  Step& step = keyed(steps, Step::Verb::send, Kind::udp);
  step.frame.data = Payload{{}, *parse_value({"40", 0})};
  const auto piece = [](std::string_view size, std::string_view offset, bool more) {
    return FramePattern::Piece{*parse_value({size, 0}), *parse_value({offset, 0}), more, {}};
  };
  step.frame.fragments = {piece("24", "0", true), piece("24", "24", false)};
  Case one_case = udp_case();
  one_case.steps = steps.take();
  Play play(std::move(one_case));
  EXPECT_EQ(play.run().verdict, Verdict::pass);
  std::vector<wire::FrameSpec> sent;
  for (const Event& event : play.trace().events()) {
    if (const auto* one = std::get_if<FrameSent>(&event))
      sent.push_back(wire::dissect(play.trace().octets(one->octets)));
  }
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].ip->mf, true);
  EXPECT_EQ(sent[1].ip->offset, 24);
  EXPECT_EQ(sent[0].ip->id, sent[1].ip->id);
}

TEST(Match, FieldsOfEveryLayerAreCompared) {
  struct Row {
    std::vector<FieldPattern> fields;
    const char* what;
  };
  const Row rows[] = {
      {{number(Field::icmp_type, "3"), number(Field::icmp_code, "3")}, ""},
      {{number(Field::icmp_type, "3"), number(Field::icmp_code, "2")},
       "icmp code port, expected protocol"},
      {{number(Field::ip_ttl, ">=1"), number(Field::ip_ttl, "<=63")}, "ip ttl 64, expected <=63"},
      {{exact(Field::eth_dst, wire::mac_broadcast)},
       "eth dst 02:00:00:00:00:01, expected ff:ff:ff:ff:ff:ff"},
      {{exact(Field::ip_df, std::uint64_t{1})}, "ip df false, expected true"},
      {{exact(Field::icmp_checksum, wire::BadChecksum{})}, "icmp checksum"},
      {{exact(Field::arp_sha, wire::MacAddress{})}, "there is no arp sha"},
  };
  for (const Row& row : rows) {
    Steps steps;
    steps.send("S  0:0(0)");
    keyed(steps, Step::Verb::expect, Kind::icmp, row.fields);
    Case one_case = pair_case();
    one_case.steps = steps.take();
    Play play(std::move(one_case));
    wire::FrameSpec frame = from_target();
    frame.icmp = wire::IcmpSpec{.type = 3, .code = 3};
    frame.payload = wire::Buffer(28);
    play.react(0, 0s, frame);
    const Judgement& judgement = play.run();
    EXPECT_THAT(judgement.failures.empty() ? "" : judgement.failures[0].what, HasSubstr(row.what));
    EXPECT_EQ(judgement.failures.empty(), row.what[0] == '\0');
  }
}

TEST(Match, AnotherKindOfFrameIsNamed) {
  Steps steps;
  steps.send("S  0:0(0)");
  keyed(steps, Step::Verb::expect, Kind::icmp);
  Case one_case = pair_case();
  one_case.steps = steps.take();
  one_case.manual_neighbours = true;
  Play play(std::move(one_case));
  wire::FrameSpec arp = from_target();
  arp.ip.reset();
  arp.arp.emplace();
  play.react(0, 0s, arp);
  EXPECT_THAT(play.run().reason, HasSubstr("an ARP packet, expected an ICMP message"));
}

TEST(Match, QuotesMustBeWhatWasSent) {
  for (const bool same : {true, false}) {
    Steps steps;
    steps.send("S  0:0(0)").save = "probe";
    keyed(steps, Step::Verb::expect, Kind::icmp).frame.quotes = "probe";
    Case one_case = pair_case();
    one_case.steps = steps.take();
    Play play(std::move(one_case));
    wire::FrameSpec packet = from_target();
    packet.eth.reset();
    std::swap(packet.ip->src, packet.ip->dst);
    packet.tcp =
        wire::TcpSpec{.src_port = 40001, .dst_port = 5001, .seq = tester_isn + (same ? 0 : 1)};
    packet.tcp->flags = wire::flag::syn;
    packet.tcp->window = 65535;
    packet.ip->ttl = 63;  // routers count it down
    wire::FrameSpec error = from_target();
    error.icmp = wire::IcmpSpec{.type = 3, .code = 3};
    error.payload = wire::emit(packet);
    error.payload.resize(28);
    play.react(0, 0s, error);
    EXPECT_EQ(play.run().verdict, same ? Verdict::pass : Verdict::fail) << play.run().reason;
    if (!same) {
      EXPECT_EQ(play.run().failures[0].what, "the quoted packet: octet 27 is f1, expected f0");
    }
  }
}

TEST(Match, DataIsCompared) {
  struct Row {
    wire::Buffer data;
    const char* what;
  };
  for (const Row& row :
       {Row{{255, 254, 253}, ""}, Row{{255, 254, 252}, "octet 2 is fc, expected fd"},
        Row{{255, 254}, "2 octets, expected 3"}}) {
    Steps steps;
    keyed(steps, Step::Verb::send, Kind::udp);
    keyed(steps, Step::Verb::expect, Kind::udp).frame.data = Payload{{}, *parse_value({"3", 0})};
    Case one_case = udp_case();
    one_case.steps = steps.take();
    Play play(std::move(one_case));
    wire::FrameSpec frame = from_target();
    frame.udp = wire::UdpSpec{.src_port = 5001, .dst_port = 40001};
    frame.payload = row.data;
    play.react(0, 0s, frame);
    const Judgement& judgement = play.run();
    EXPECT_EQ(judgement.failures.empty() ? "" : judgement.failures[0].what, row.what);
  }
}

// -- a router in between

Case routed_case() {
  Case one_case = pair_case();
  one_case.network.hosts.push_back(
      {.name = "router", .mac = {{2, 0, 0, 0, 0, 3}}, .forwards = true});
  const auto prefix = [](std::uint8_t net, std::uint8_t host) {
    return wire::IpPrefix{wire::IpAddress::v4(192, net, 2, host), 24};
  };
  one_case.network.links = {
      {.name = "near",
       .ends = {{.host = 0, .v4 = prefix(1, 1)}, {.host = 2, .v4 = prefix(1, 254)}}},
      {.name = "far",
       .ends = {{.host = 1, .v4 = prefix(0, 2)}, {.host = 2, .v4 = prefix(0, 254)}}}};
  return one_case;
}

FrameSeen seen(Play& play, LinkId link, HostId from, const wire::FrameSpec& frame) {
  return FrameSeen{{}, link, from, play.keep(wire::emit(frame))};
}

wire::FrameSpec routed_syn_ack(bool behind_the_router) {
  wire::FrameSpec frame = target_frame("S. 0:0(0) ack 1 win 5");
  frame.ip->dst = wire::IpAddress::v4(192, 1, 2, 1);
  frame.ip->ttl = behind_the_router ? 63 : 64;
  return frame;
}

TEST(Routed, ViaLooksAtTheFrameWhereItPassed) {
  for (const bool passed : {true, false}) {
    Steps steps;
    steps.send("S  0:0(0)");
    Step& step = steps.expect("S. 0:0(0) ack 1");
    step.via = LinkId{0};
    step.frame.fields = {number(Field::ip_ttl, "63")};
    Case one_case = routed_case();
    one_case.steps = steps.take();
    Play play(std::move(one_case));
    play.react(0, 0s, seen(play, 1, 1, routed_syn_ack(false)));
    if (passed) play.react(0, 1ms, seen(play, 0, 2, routed_syn_ack(true)));
    EXPECT_EQ(play.run().verdict, passed ? Verdict::pass : Verdict::fail) << play.run().reason;
    if (!passed) {
      EXPECT_EQ(play.run().reason, "the frame did not pass near");
    }
  }
}

TEST(Routed, AMismatchOfAnotherHostIsAnError) {
  for (const int code : {4, 1}) {
    Steps steps;
    steps.send("S  0:0(0)");
    steps.expect("S. 0:0(0) ack 1");
    Step& step = keyed(steps, Step::Verb::expect, Kind::icmp, {number(Field::icmp_code, "4")});
    step.from = HostId{2};
    Case one_case = routed_case();
    one_case.steps = steps.take();
    Play play(std::move(one_case));
    play.react(0, 0s, seen(play, 1, 1, routed_syn_ack(false)));
    wire::FrameSpec error = from_target();
    error.ip->src = wire::IpAddress::v4(192, 0, 2, 254);
    error.icmp = wire::IcmpSpec{.type = 3, .code = static_cast<std::uint8_t>(code)};
    play.react(0, 0s, seen(play, 1, 2, error));
    EXPECT_EQ(play.run().verdict, code == 4 ? Verdict::pass : Verdict::error);
  }
}

TEST(Routed, TheRoutersForwardingIsNoFrameOfItsOwn) {
  // What passes the router is neither the target's nor left over.
  Steps steps;
  steps.send("S  0:0(0)");
  steps.expect("S. 0:0(0) ack 1");
  Case one_case = routed_case();
  one_case.steps = steps.take();
  Play play(std::move(one_case));
  play.react(0, 0s, seen(play, 1, 1, routed_syn_ack(false)))
      .react(0, 0s, seen(play, 0, 2, routed_syn_ack(true)));
  EXPECT_EQ(play.run().verdict, Verdict::pass) << play.run().reason;
}

TEST(Printed, KeyedFramesHaveAShortForm) {
  FramePattern pattern;
  pattern.kind = Kind::icmp;
  pattern.fields = {number(Field::icmp_type, "3"), number(Field::icmp_code, "4"),
                    number(Field::icmp_mtu, "<=1400"), number(Field::ip_ttl, "64")};
  pattern.quotes = "big";
  EXPECT_EQ(print(pattern),
            "icmp type unreachable code fragmentation-needed mtu <=1400 ip.ttl 64 quotes $big");
}

}  // namespace
}  // namespace tcproof::checks::test
