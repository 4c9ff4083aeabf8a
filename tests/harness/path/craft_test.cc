// SPDX-License-Identifier: Apache-2.0
#include "harness/path/craft.h"

#include <gtest/gtest.h>

#include "stack/wire/checksum.h"
#include "stack/wire/numbers.h"
#include "stack/wire/tcp_options.h"

namespace tcproof::harness {
namespace {

using wire::Family;

const wire::IpAddress us = wire::IpAddress::v4(192, 0, 2, 1);
const wire::IpAddress them = wire::IpAddress::v4(198, 51, 100, 2);
const wire::IpAddress router = wire::IpAddress::v4(192, 0, 2, 254);

Craft craft() {
  return Craft({.from = us, .to = them, .from_port = 50000, .tcp_port = 80}, 0x12345678);
}

wire::FrameSpec parsed(const wire::Buffer& packet) {
  wire::Buffer frame(14);
  wire::put16(frame, 12, wire::ether_type::ipv4);
  frame.insert(frame.end(), packet.begin(), packet.end());
  return wire::dissect(frame);
}

/// What `router` says about `dropped`, of which it quotes `octets`.
wire::Buffer error_about(const wire::Buffer& dropped, std::uint8_t type, std::uint8_t code,
                         std::uint32_t mtu, std::size_t octets) {
  wire::FrameSpec error;
  error.ip = wire::IpSpec{.family = Family::v4, .src = router, .dst = us};
  error.icmp = wire::IcmpSpec{.type = type, .code = code};
  if (mtu != 0) error.icmp->mtu = mtu;
  error.payload.assign(dropped.begin(), dropped.begin() + static_cast<std::ptrdiff_t>(
                                                              std::min(octets, dropped.size())));
  return wire::emit(error);
}

wire::FrameSpec from_peer(wire::Seq seq, wire::Seq ack, wire::TcpFlags flags) {
  wire::FrameSpec frame;
  frame.ip = wire::IpSpec{.family = Family::v4, .src = them, .dst = us};
  frame.tcp = wire::TcpSpec{.src_port = std::uint16_t{80},
                            .dst_port = std::uint16_t{50000},
                            .seq = seq,
                            .ack = ack,
                            .flags = flags};
  return frame;
}

// 1472 octets of payload fit 1500: 20 of IPv4 and 8 of ICMP are beside them.
TEST(Craft, AnEchoRequestIsAsLargeAsAsked) {
  Craft one = craft();
  const auto packets = one.make({.method = Method::icmp, .size = 1500}, 7, Instant{});
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].size(), 1500U);
  const wire::FrameSpec frame = parsed(packets[0]);
  EXPECT_EQ(frame.payload.size(), 1472U);
  EXPECT_EQ(frame.ip->df, true);
  EXPECT_EQ(frame.icmp->type, wire::icmp_type::echo);
}

TEST(Craft, AQuoteOfTwentyEightOctetsNamesItsProbe) {
  Craft one = craft();
  const auto first = one.make({.method = Method::icmp, .size = 1500}, 7, Instant{});
  one.make({.method = Method::icmp, .size = 1400}, 8, Instant{});
  auto packet = first[0];
  packet[8] = 63;  // as the second router saw it
  const auto heard =
      one.read(error_about(packet, wire::icmp_type::unreachable, 4, 1400, 28), Instant{} + 3ms);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->number, 7);
  EXPECT_EQ(heard->answer.kind, Answer::Kind::too_big);
  EXPECT_EQ(heard->answer.mtu, 1400U);
  EXPECT_EQ(heard->answer.from, router);
  EXPECT_EQ(heard->answer.quoted_ttl, 63);
  EXPECT_EQ(heard->answer.after, Duration(3ms));
}

TEST(Craft, AQuoteOfAPacketNeverSentHasNoNumber) {
  Craft one = craft(), other = craft();
  const auto sent = other.make({.method = Method::udp, .size = 900}, 99, Instant{});
  const auto heard =
      one.read(error_about(sent[0], wire::icmp_type::unreachable, 4, 600, 28), Instant{});
  ASSERT_TRUE(heard);
  EXPECT_FALSE(heard->number);
  // Other traffic of this host to the same target is none of ours.
  wire::Buffer foreign = sent[0];
  wire::put16(foreign, 20, 1234);
  EXPECT_FALSE(one.read(error_about(foreign, wire::icmp_type::unreachable, 4, 600, 28), Instant{}));
}

TEST(Craft, AClosedPortIsADelivery) {
  Craft one = craft();
  const auto sent = one.make({.method = Method::udp, .size = 1400}, 5, Instant{});
  wire::Buffer error = error_about(sent[0], wire::icmp_type::unreachable, 3, 0, 28);
  const auto from_router = one.read(error, Instant{});
  ASSERT_TRUE(from_router);
  EXPECT_EQ(from_router->answer.kind, Answer::Kind::unreachable) << "only the target has the port";
  wire::FrameSpec frame = parsed(error);
  frame.ip->src = them;
  frame.ip->checksum.reset();
  const auto heard = one.read(
      wire::emit({.ip = frame.ip, .icmp = frame.icmp, .payload = frame.payload}), Instant{});
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->number, 5);
  EXPECT_EQ(heard->answer.kind, Answer::Kind::delivered);
}

TEST(Craft, TheQuotedSynShowsAClamp) {
  Craft one = craft();
  auto syn =
      one.make({.method = Method::tcp, .kind = Probe::Kind::trace, .ttl = 2}, 9, Instant{})[0];
  EXPECT_EQ(wire::be16(syn, 42), 1460);
  wire::put16(syn, 42, 1300);
  const auto short_quote =
      one.read(error_about(syn, wire::icmp_type::time_exceeded, 0, 0, 28), Instant{});
  ASSERT_TRUE(short_quote);
  EXPECT_FALSE(short_quote->answer.quoted_mss);
  const auto heard =
      one.read(error_about(syn, wire::icmp_type::time_exceeded, 0, 0, 100), Instant{});
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->number, 9);
  EXPECT_EQ(heard->answer.quoted_mss, 1300);
}

class Connected : public testing::Test {
 protected:
  void SetUp() override {
    const auto syn = one.make({.method = Method::tcp, .kind = Probe::Kind::syn}, 1, Instant{});
    iss = *parsed(syn[0]).tcp->seq;
    wire::FrameSpec answer = from_peer({5000}, iss + 1, wire::flag::syn | wire::flag::ack);
    wire::append_mss(answer.tcp->options, 1400);
    wire::append_sack_permitted(answer.tcp->options);
    const auto heard = one.read(wire::emit(answer), Instant{});
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->number, 1);
    EXPECT_EQ(one.tcp_peer().mss, 1400);
    EXPECT_EQ(one.take_replies().size(), 1U);
  }
  Craft one = craft();
  wire::Seq iss;
};

// RFC 9293 3.10.7.4: what lies left of the window is answered by an ACK, and nothing reaches the
// application.
TEST_F(Connected, DataProbesLieLeftOfTheWindow) {
  const auto packets = one.make({.method = Method::tcp, .size = 1500}, 2, Instant{});
  const wire::FrameSpec probe = parsed(packets.back());
  EXPECT_EQ(packets.back().size(), 1500U);
  EXPECT_EQ(probe.payload.size(), 1460U);
  EXPECT_EQ(*probe.tcp->seq + 1460, iss + 1);
  EXPECT_EQ(probe.tcp->ack, wire::Seq{5001});
}

// RFC 2883: the first block says what was received twice, and so which size arrived.
TEST_F(Connected, ADuplicateSackNamesTheSize) {
  one.make({.method = Method::tcp, .size = 1300}, 2, Instant{});
  one.make({.method = Method::tcp, .size = 1500}, 3, Instant{});
  wire::FrameSpec ack = from_peer({5001}, iss + 1, wire::flag::ack);
  const wire::TcpOptionView::SackBlock block{iss + 1 - 1260, iss + 1};
  wire::append_sack(ack.tcp->options, std::span(&block, 1));
  const auto heard = one.read(wire::emit(ack), Instant{});
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->number, 2);
  // From a peer that names sizes an ACK without a name is no proof of the other.
  EXPECT_FALSE(one.read(wire::emit(from_peer({5001}, iss + 1, wire::flag::ack)), Instant{}));
}

TEST_F(Connected, DataIsAcknowledgedAndMeasured) {
  wire::FrameSpec data = from_peer({5001}, iss + 1, wire::flag::ack);
  data.payload.resize(1360);
  one.read(wire::emit(data), Instant{});
  data.tcp->seq = wire::Seq{5001 + 1360};
  one.read(wire::emit(data), Instant{});
  EXPECT_EQ(one.tcp_peer().largest, 1400U);
  EXPECT_EQ(one.tcp_peer().repeated, 2U);
  EXPECT_EQ(one.tcp_peer().octets, 2720U);
  const auto replies = one.take_replies();
  ASSERT_EQ(replies.size(), 2U);
  EXPECT_EQ(parsed(replies[1]).tcp->ack, wire::Seq{5001 + 2720});
}

// Any octets may arrive.
TEST_F(Connected, CutAndFlippedPacketsDoNoHarm) {
  wire::FrameSpec data = from_peer({5001}, iss + 1, wire::flag::ack);
  data.payload.resize(40);
  const wire::Buffer whole = wire::emit(data);
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    one.read(wire::Bytes(whole).first(length), Instant{});
  }
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    wire::Buffer flipped = whole;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    one.read(flipped, Instant{});
  }
  EXPECT_LE(one.tcp_peer().octets, 40U);
}

}  // namespace
}  // namespace tcproof::harness
