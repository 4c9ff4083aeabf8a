// SPDX-License-Identifier: Apache-2.0
#include "stack/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/tcp/rules.h"
#include "tests/stack/lab.h"

namespace tcproof::stack {
namespace {

using tcp::Error;
using tcp::State;
using test::Lab;
using test::LabHost;
using testing::ElementsAre;
using testing::SizeIs;
using wire::Buffer;
using wire::dissect;
using wire::Family;
using wire::FrameSpec;
using wire::IpAddress;

constexpr std::uint16_t port = 5001;

Buffer pattern(std::size_t size) {
  Buffer octets(size);
  for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::uint8_t>(i * 7 % 251);
  return octets;
}

IpAddress address_b(Family family) {
  return family == Family::v4 ? test::v4_b : test::v6_b;
}

class HostOfBothFamilies : public testing::TestWithParam<Family> {
 protected:
  struct Pair {
    ConnectionId client = 0, server = 0;
  };
  /// B listens, A connects.
  Pair connect() {
    const auto server = lab.b->open_passive(GetParam(), port, {}, lab.now());
    const auto client = lab.a->open_active(address_b(GetParam()), port, 0, {}, lab.now());
    EXPECT_EQ(server.error, Error::none);
    EXPECT_EQ(client.error, Error::none);
    lab.settle();
    EXPECT_EQ(lab.a->state(client.id), State::established);
    EXPECT_EQ(lab.b->state(server.id), State::established);
    return {client.id, server.id};
  }
  /// Sends all of `octets` and reads until the other side has as many, within a minute.
  Buffer transfer(LabHost& from, ConnectionId sender, LabHost& to, ConnectionId receiver,
                  const Buffer& octets) {
    Buffer got, chunk(4096);
    std::size_t sent = 0;
    for (int turn = 0; turn < 600 && got.size() < octets.size(); ++turn) {
      std::size_t taken = 0;
      EXPECT_EQ(
          from->send(sender, wire::Bytes(octets).subspan(sent), true, false, lab.now(), taken),
          Error::none);
      sent += taken;
      for (std::size_t n = 1; n > 0;) {
        if (to->receive(receiver, chunk, lab.now(), n) != Error::none) break;
        got.insert(got.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(n));
      }
      lab.run(100ms);
    }
    return got;
  }

  Lab lab;
};
INSTANTIATE_TEST_SUITE_P(Families, HostOfBothFamilies, testing::Values(Family::v4, Family::v6),
                         [](const auto& family) {
                           return family.param == Family::v4 ? "v4" : "v6";
                         });

TEST_P(HostOfBothFamilies, ResolvesTheLinkAddressBeforeTheFirstSegment) {
  connect();
  const FrameSpec first = dissect(lab.a.frames.at(0));
  const FrameSpec second = dissect(lab.a.frames.at(1));
  EXPECT_TRUE(GetParam() == Family::v4 ? first.arp.has_value() : first.nd.has_value());
  ASSERT_TRUE(second.tcp);
  EXPECT_EQ(second.tcp->flags, wire::flag::syn);
  EXPECT_EQ(second.eth->dst, test::mac_b);
}

TEST_P(HostOfBothFamilies, CarriesOctetsBothWaysAndClosesInOrder) {
  const Pair pair = connect();
  const Buffer there = pattern(20000), back = pattern(3000);
  EXPECT_EQ(transfer(lab.a, pair.client, lab.b, pair.server, there), there);
  EXPECT_EQ(transfer(lab.b, pair.server, lab.a, pair.client, back), back);

  EXPECT_EQ(lab.a->close(pair.client, lab.now()), Error::none);
  lab.run(1s);
  EXPECT_EQ(lab.b->state(pair.server), State::close_wait);
  EXPECT_EQ(lab.b->close(pair.server, lab.now()), Error::none);
  lab.run(1s);
  EXPECT_EQ(lab.b->state(pair.server), State::closed);
  EXPECT_EQ(lab.a->state(pair.client), State::time_wait);
  lab.run(60s);
  EXPECT_EQ(lab.a->state(pair.client), State::closed);
  EXPECT_FALSE(lab.b->next_deadline());
}

TEST_P(HostOfBothFamilies, OffersTheMssOfTheMtuAndTheFamily) {
  connect();
  const FrameSpec syn = dissect(lab.a.frames.at(1));
  const std::uint8_t low = GetParam() == Family::v4 ? 0xb4 : 0xa0;  // 1460, 1440
  EXPECT_THAT(Buffer(syn.tcp->options.begin(), syn.tcp->options.begin() + 4),
              ElementsAre(2, 4, 0x05, low));
  EXPECT_EQ(syn.ip->ttl, 64);
  EXPECT_EQ(syn.ip->df.value_or(false), GetParam() == Family::v4);  // RFC 1191 2
}

TEST_P(HostOfBothFamilies, ResetsASegmentForNobody) {
  const auto client = lab.a->open_active(address_b(GetParam()), port, 0, {}, lab.now());
  lab.settle();
  EXPECT_EQ(lab.a->state(client.id), State::closed);
  EXPECT_EQ(lab.a->status(client.id), Error::connection_reset);  // 3.10.7.3 second
  lab.a->release(client.id);
  EXPECT_EQ(lab.a->status(client.id), Error::does_not_exist);
}

TEST_P(HostOfBothFamilies, PassiveOpensOfOnePortQueueAndTheOldestTakesTheFirstSyn) {
  const auto first = lab.b->open_passive(GetParam(), port, {}, lab.now());
  const auto second = lab.b->open_passive(GetParam(), port, {}, lab.now());
  lab.a->open_active(address_b(GetParam()), port, 40001, {}, lab.now());
  lab.settle();
  EXPECT_EQ(lab.b->state(first.id), State::established);
  EXPECT_EQ(lab.b->state(second.id), State::listen);
  lab.a->open_active(address_b(GetParam()), port, 40002, {}, lab.now());
  lab.settle();
  EXPECT_EQ(lab.b->state(second.id), State::established);
  const auto third = lab.a->open_active(address_b(GetParam()), port, 40003, {}, lab.now());
  lab.settle();
  EXPECT_EQ(lab.a->status(third.id), Error::connection_reset);
}

TEST_P(HostOfBothFamilies, EchoComesBackWithTheSameData) {
  lab.a->ping(address_b(GetParam()), 3000, lab.now());  // in fragments both ways
  lab.settle();
  EXPECT_TRUE(lab.a.noted("echo reply"));
}

TEST_P(HostOfBothFamilies, DatagramsGoBothWays) {
  const auto server = lab.b->bind_udp(GetParam(), 53);
  const auto client = lab.a->bind_udp(GetParam(), 0);
  const Buffer question = pattern(5000);  // in fragments
  EXPECT_EQ(lab.a->send_udp(client.id, address_b(GetParam()), 53, question, lab.now()),
            Error::none);
  lab.settle();
  const auto received = lab.b->receive_udp(server.id);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->data, question);
  EXPECT_EQ(received->remote_port, lab.a->udp_port(client.id));
  EXPECT_EQ(
      lab.b->send_udp(server.id, received->remote, received->remote_port, Buffer{1, 2}, lab.now()),
      Error::none);
  lab.settle();
  const auto answer = lab.a->receive_udp(client.id);
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->data, ElementsAre(1, 2));
  EXPECT_FALSE(lab.a->receive_udp(client.id));
}

// RFC 1122 4.1.3.5: a source that is not the host's own is refused.
TEST_P(HostOfBothFamilies, TheSourceOfDatagramsIsOneOfOurs) {
  const auto socket = lab.a->bind_udp(GetParam(), 0);
  EXPECT_EQ(lab.a->set_udp(socket.id, {.local = address_b(GetParam())}), Error::illegal);
  const auto own = lab.a->source(GetParam());
  ASSERT_TRUE(own);
  EXPECT_EQ(lab.a->set_udp(socket.id, {.local = own}), Error::none);
  const auto server = lab.b->bind_udp(GetParam(), 53);
  lab.a->send_udp(socket.id, address_b(GetParam()), 53, Buffer{1}, lab.now());
  lab.settle();
  const auto received = lab.b->receive_udp(server.id);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->remote, own);
}

// RFC 1122 3.2.1.7: what nobody has given a TTL takes the host's, which is never 0.
TEST_P(HostOfBothFamilies, TheDefaultTtlIsConfigured) {
  EXPECT_EQ(lab.a->set_default_ttl(0), Error::illegal);
  EXPECT_EQ(lab.a->set_default_ttl(17), Error::none);
  const auto server = lab.b->bind_udp(GetParam(), 53);
  const auto socket = lab.a->bind_udp(GetParam(), 0);
  lab.a->send_udp(socket.id, address_b(GetParam()), 53, Buffer{1}, lab.now());
  lab.settle();
  const auto received = lab.b->receive_udp(server.id);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->ttl, 17);
}

TEST_P(HostOfBothFamilies, AClosedUdpPortIsReportedToTheSender) {
  const auto client = lab.a->bind_udp(GetParam(), 0);
  lab.a->send_udp(client.id, address_b(GetParam()), 53, Buffer{1}, lab.now());
  lab.settle();
  EXPECT_EQ(lab.a->udp_error(client.id), Error::connection_refused);
  EXPECT_EQ(lab.a->udp_error(client.id), Error::none);
}

TEST_P(HostOfBothFamilies, ANeighbourThatDoesNotAnswerIsASoftError) {
  const IpAddress nobody =
      GetParam() == Family::v4 ? IpAddress::v4(192, 0, 2, 77) : *wire::parse_ip("2001:db8::77");
  const auto datagrams = lab.a->bind_udp(GetParam(), 0);
  const auto client = lab.a->open_active(nobody, port, 0, {}, lab.now());
  lab.a->send_udp(datagrams.id, nobody, 53, Buffer(8), lab.now());
  lab.run(4s);
  EXPECT_EQ(lab.a->state(client.id), State::syn_sent);  // RFC 9293 MUST-56
  EXPECT_EQ(lab.a->udp_error(datagrams.id), Error::unreachable);
}

TEST_P(HostOfBothFamilies, OpensThatCannotBeAreRefused) {
  const auto open = [&](const IpAddress& remote, std::uint16_t remote_port) {
    return lab.a->open_active(remote, remote_port, 0, {}, lab.now()).error;
  };
  EXPECT_EQ(open(address_b(GetParam()), 0), Error::unspecified);
  EXPECT_EQ(open(*wire::parse_ip(GetParam() == Family::v4 ? "224.0.0.1" : "ff02::1"), 80),
            Error::illegal);
  EXPECT_EQ(open(*wire::parse_ip(GetParam() == Family::v4 ? "198.51.100.1" : "2001:db8:1::1"), 80),
            Error::unreachable);  // no router
  const auto once = lab.a->open_active(address_b(GetParam()), port, 40001, {}, lab.now());
  EXPECT_EQ(once.error, Error::none);
  EXPECT_EQ(lab.a->open_active(address_b(GetParam()), port, 40001, {}, lab.now()).error,
            Error::already_exists);
  EXPECT_EQ(lab.a->close(99, lab.now()), Error::does_not_exist);
}

// A lossy, duplicating, reordering, corrupting network: what arrives is right all the same.
TEST_P(HostOfBothFamilies, FaultsOnTheLinkDoNotReachTheUser) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Lab faulty({.loss = 0.05, .duplicate = 0.05, .reorder = 0.1, .corrupt = 0.05}, seed,
               {.delay = 1ms});
    const auto server = faulty.b->open_passive(GetParam(), port, {}, faulty.now());
    const auto client = faulty.a->open_active(address_b(GetParam()), port, 0, {}, faulty.now());
    const Buffer octets = pattern(30000);
    Buffer got, chunk(4096);
    std::size_t taken = 0;
    EXPECT_EQ(faulty.a->send(client.id, octets, true, false, faulty.now(), taken), Error::none);
    EXPECT_EQ(taken, octets.size());
    for (int turn = 0; turn < 3000 && got.size() < octets.size(); ++turn) {
      faulty.run(100ms);
      std::size_t n = 0;
      if (faulty.b->receive(server.id, chunk, faulty.now(), n) != Error::none) continue;
      got.insert(got.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(n));
    }
    EXPECT_EQ(got, octets) << "seed " << seed;
  }
}

// What B gets is written by hand from here on.
class HostAlone : public testing::Test {
 protected:
  HostAlone() {
    // B learns who A is, so that answers need no resolution.
    FrameSpec arp;
    arp.eth = {.dst = wire::mac_broadcast, .src = test::mac_a};
    arp.arp = {.op = std::uint16_t{1}, .sha = test::mac_a, .spa = test::v4_a, .tpa = test::v4_b};
    b->input(emit(arp), now);
    b.frames.clear();
  }
  FrameSpec tcp_from_a(wire::TcpFlags flags, std::uint32_t seq, std::uint32_t ack) {
    FrameSpec frame;
    frame.eth = {.dst = test::mac_b, .src = test::mac_a};
    frame.ip = {.src = test::v4_a, .dst = test::v4_b};
    frame.tcp = {.src_port = std::uint16_t{40001},
                 .dst_port = port,
                 .seq = wire::Seq{seq},
                 .ack = wire::Seq{ack},
                 .flags = flags,
                 .window = std::uint16_t{65535}};
    return frame;
  }
  void input(const FrameSpec& frame) { b->input(emit(frame), now); }
  FrameSpec from(std::uint16_t peer_port, wire::TcpFlags flags, std::uint32_t seq,
                 std::uint32_t ack) {
    FrameSpec frame = tcp_from_a(flags, seq, ack);
    frame.tcp->src_port = peer_port;
    return frame;
  }
  /// A connection of the peer's `peer_port`, whose SYN was 100 and offered 1460; our ISS is 0.
  ConnectionId serve(std::uint16_t peer_port) {
    const auto opened = b->open_passive(Family::v4, port, {.iss = wire::Seq{0}}, now);
    FrameSpec syn = from(peer_port, wire::flag::syn, 100, 0);
    syn.tcp->options = {2, 4, 0x05, 0xb4};
    input(syn);
    input(from(peer_port, wire::flag::ack, 101, 1));
    EXPECT_EQ(b->state(opened.id), State::established);
    return opened.id;
  }
  /// A router says that `octets`, a frame of ours, was too large.
  FrameSpec too_big(const Buffer& octets, std::uint32_t mtu) {
    FrameSpec error;
    error.eth = {.dst = test::mac_b, .src = test::mac_a};
    error.ip = {.src = test::v4_a, .dst = test::v4_b};
    error.icmp = {.type = std::uint8_t{3}, .code = std::uint8_t{4}, .mtu = mtu};
    error.payload.assign(octets.begin() + 14, octets.begin() + 14 + 28);
    return error;
  }
  FrameSpec answer() {
    EXPECT_THAT(b.frames, SizeIs(1));
    const FrameSpec frame = b.frames.empty() ? FrameSpec{} : dissect(b.frames.back());
    b.frames.clear();
    return frame;
  }

  Instant now{};
  std::size_t taken = 0;
  LabHost b{test::config_b()};
};

// RFC 5927 7.2: what one connection comes to believe late does not raise what is lower by now.
TEST_F(HostAlone, ALateBeliefDoesNotRaiseWhatIsKnownOfThePath) {
  const ConnectionId first = serve(40001), second = serve(40002);
  b->send(first, pattern(1460), true, false, now, taken);
  input(from(40001, wire::flag::ack, 101, 1461));  // 1500 octets have arrived
  b->send(first, pattern(1460), true, false, now, taken);
  input(too_big(b.frames.back(), 1400));
  EXPECT_EQ(b->connection(first)->path_mtu(), 1500U) << "it waits for the timeout";
  b->send(second, pattern(1460), true, false, now, taken);
  input(too_big(b.frames.back(), 1300));
  EXPECT_EQ(b->connection(first)->path_mtu(), 1300U);
  now += 1s;
  b->advance(now);
  EXPECT_TRUE(b.noted(tcp::rule::too_big_confirmed));
  EXPECT_EQ(b->connection(first)->path_mtu(), 1300U);
  EXPECT_EQ(b->connection(second)->path_mtu(), 1300U);
}

// RFC 6191 2: a full backlog takes nobody, so the old connection must go on waiting, and the
// numbers of the next one still begin above its own.
TEST_F(HostAlone, TimeWaitIsKeptWhileTheBacklogIsFull) {
  const auto listener = b->listen(Family::v4, port, 1, {.iss = wire::Seq{0}});
  input(from(40001, wire::flag::syn, 100, 0));
  input(from(40001, wire::flag::ack, 101, 1));
  const ConnectionId old = b->accept(listener.id);
  b->close(old, now);
  input(from(40001, wire::flag::fin | wire::flag::ack, 101, 2));
  EXPECT_EQ(b->state(old), State::time_wait);
  input(from(40002, wire::flag::syn, 100, 0));
  b.frames.clear();
  input(from(40001, wire::flag::syn, 1000, 0));
  EXPECT_EQ(answer().tcp->flags, wire::flag::ack);
  EXPECT_EQ(b->state(old), State::time_wait);

  input(from(40002, wire::flag::rst, 101, 0));
  input(from(40001, wire::flag::syn, 1000, 0));
  const FrameSpec syn_ack = answer();
  EXPECT_EQ(syn_ack.tcp->flags, wire::flag::syn | wire::flag::ack);
  EXPECT_TRUE(wire::gt(*syn_ack.tcp->seq, wire::Seq{2})) << "the old SND.NXT";
  EXPECT_EQ(b->state(old), State::closed);
}

// RFC 9293 SHLD-24, but only for what cannot be forged without knowing the numbers.
TEST_F(HostAlone, ASourceRouteIsBelievedWithASegmentThatBringsSomething) {
  const IpAddress by = IpAddress::v4(192, 0, 2, 77);
  const ConnectionId id = serve(40001);
  FrameSpec forged = from(40001, wire::flag::ack, 5, 1);
  forged.ip->options = {131, 7, 8, 192, 0, 2, 77, 0};
  input(forged);
  forged.tcp->seq = wire::Seq{101};  // in the window, and still nothing new
  input(forged);
  b.frames.clear();
  b->send(id, pattern(10), true, false, now, taken);
  const FrameSpec straight = answer();
  EXPECT_EQ(straight.ip->dst, test::v4_a);
  EXPECT_TRUE(straight.ip->options.empty());
  FrameSpec genuine = from(40001, wire::flag::ack, 101, 11);
  genuine.ip->options = forged.ip->options;
  input(genuine);
  b->send(id, pattern(10), true, false, now, taken);
  const FrameSpec question = answer();
  ASSERT_TRUE(question.arp) << "who is the first hop?";
  EXPECT_EQ(question.arp->tpa, by);
}

// RFC 9293 3.10.7.4 third: a reset in SYN-RECEIVED returns a passive OPEN to LISTEN, free for the
// next SYN.
TEST_F(HostAlone, AResetInSynReceivedReturnsThePassiveOpenToListen) {
  const auto opened = b->open_passive(Family::v4, port, {}, now);
  input(tcp_from_a(wire::flag::syn, 100, 0));
  EXPECT_EQ(answer().tcp->flags, wire::flag::syn | wire::flag::ack);
  EXPECT_EQ(b->state(opened.id), State::syn_received);
  input(tcp_from_a(wire::flag::rst, 101, 0));
  EXPECT_EQ(b->state(opened.id), State::listen);
  FrameSpec other = tcp_from_a(wire::flag::syn, 500, 0);
  other.tcp->src_port = 40002;
  input(other);
  const FrameSpec syn_ack = answer();
  EXPECT_EQ(syn_ack.tcp->dst_port, 40002);
  EXPECT_EQ(syn_ack.tcp->ack, wire::Seq{501});
  EXPECT_EQ(b->state(opened.id), State::syn_received);
}

TEST_F(HostAlone, AnIssThatIsAskedForIsUsed) {
  b->open_passive(Family::v4, port, {.iss = wire::Seq{0xfffffff0}}, now);
  input(tcp_from_a(wire::flag::syn, 100, 0));
  EXPECT_EQ(answer().tcp->seq, wire::Seq{0xfffffff0});
}

TEST_F(HostAlone, AListenerAnswersAnAckWithAReset) {
  const auto opened = b->open_passive(Family::v4, port, {}, now);
  input(tcp_from_a(wire::flag::ack, 100, 7777));
  const FrameSpec reset = answer();
  EXPECT_EQ(reset.tcp->flags, wire::flag::rst);
  EXPECT_EQ(reset.tcp->seq, wire::Seq{7777});
  EXPECT_EQ(reset.tcp->dst_port, 40001);
  EXPECT_EQ(b->state(opened.id), State::listen);
}

TEST_F(HostAlone, TheRemoteIsKnownFromTheFirstSynOn) {
  const auto opened = b->open_passive(Family::v4, port, {}, now);
  input(tcp_from_a(wire::flag::ack, 100, 7777));
  EXPECT_FALSE(b->remote(opened.id));
  input(tcp_from_a(wire::flag::syn, 100, 0));
  ASSERT_TRUE(b->remote(opened.id));
  EXPECT_EQ(b->remote(opened.id)->address, test::v4_a);
  EXPECT_EQ(b->remote(opened.id)->port, 40001);
}

// What Nagle held back goes out at once, with a timer behind it.
TEST_F(HostAlone, SwitchingNagleOffSendsAndStartsTheTimer) {
  const auto opened = b->open_passive(Family::v4, port, {.iss = wire::Seq{0}}, now);
  input(tcp_from_a(wire::flag::syn, 100, 0));
  input(tcp_from_a(wire::flag::ack, 101, 1));
  b->send(opened.id, Buffer(10), true, false, now, taken);
  b->send(opened.id, Buffer(10), true, false, now, taken);
  b.frames.clear();
  now += 300ms;
  EXPECT_EQ(b->set(opened.id, {.nodelay = true}, now), Error::none);
  EXPECT_EQ(answer().payload.size(), 10U);
  EXPECT_TRUE(b->next_deadline());
  EXPECT_EQ(b->set(99, {.nodelay = true}, now), Error::does_not_exist);
}

TEST_F(HostAlone, ABadChecksumIsDroppedBeforeAnythingElse) {
  FrameSpec frame = tcp_from_a(wire::flag::syn, 100, 0);
  frame.tcp->checksum = wire::BadChecksum{};
  input(frame);
  EXPECT_THAT(b.frames, SizeIs(0));
  EXPECT_TRUE(b.noted("drop: tcp, bad checksum"));
}

TEST_F(HostAlone, ADataOffsetThatLiesIsDropped) {
  for (const std::uint8_t offset : {std::uint8_t{4}, std::uint8_t{15}}) {
    FrameSpec frame = tcp_from_a(wire::flag::syn, 100, 0);
    frame.tcp->offset = offset;
    input(frame);
    EXPECT_THAT(b.frames, SizeIs(0));
  }
  EXPECT_TRUE(b.noted("data offset"));
}

// RFC 1122 4.2.3.10, RFC 9293 MUST-57.
TEST_F(HostAlone, NothingIsSaidToASegmentForAGroup) {
  b->open_passive(Family::v4, port, {}, now);
  for (const IpAddress& group :
       {wire::ipv4_broadcast, IpAddress::v4(192, 0, 2, 255), IpAddress::v4(224, 0, 0, 1)}) {
    FrameSpec frame = tcp_from_a(wire::flag::syn, 100, 0);
    frame.ip->dst = group;
    frame.eth->dst = wire::mac_broadcast;
    input(frame);
  }
  FrameSpec link_broadcast = tcp_from_a(wire::flag::syn, 100, 0);
  link_broadcast.eth->dst = wire::mac_broadcast;
  input(link_broadcast);
  EXPECT_THAT(b.frames, SizeIs(0));
}

TEST_F(HostAlone, AnErrorAboutAConnectionReachesIt) {
  const auto opened = b->open_active(test::v4_a, 80, 40009, {}, now);
  const Buffer syn = b.frames.back();
  b.frames.clear();
  FrameSpec error;
  error.eth = {.dst = test::mac_b, .src = test::mac_a};
  error.ip = {.src = test::v4_a, .dst = test::v4_b};
  error.icmp = {.type = std::uint8_t{3}, .code = std::uint8_t{1}};
  error.payload.assign(syn.begin() + 14, syn.begin() + 14 + 28);
  input(error);
  EXPECT_EQ(b->state(opened.id), State::syn_sent) << "a soft error must not abort";
  error.icmp->code = 3;
  FrameSpec source_quench = error;
  source_quench.icmp->type = 4;
  source_quench.icmp->code = 0;
  input(source_quench);
  EXPECT_EQ(b->state(opened.id), State::syn_sent);
  input(error);
  EXPECT_EQ(b->state(opened.id), State::closed);
  EXPECT_NE(b->status(opened.id), Error::none);
}

TEST_F(HostAlone, EphemeralPortsAreDynamicOnesAndDiffer) {
  const auto first = b->bind_udp(Family::v4, 0);
  const auto second = b->bind_udp(Family::v4, 0);
  EXPECT_GE(b->udp_port(first.id), 49152);
  EXPECT_NE(b->udp_port(first.id), b->udp_port(second.id));
  EXPECT_EQ(b->bind_udp(Family::v4, b->udp_port(first.id)).error, Error::already_exists);
  b->close_udp(first.id);
  EXPECT_EQ(b->udp_port(first.id), 0);
}

// RFC 1122 4.1.3.2, 4.1.3.5, 4.1.4: what the user of a datagram may say and is told.
TEST_P(HostOfBothFamilies, ADatagramCarriesWhatItsUserAskedFor) {
  const bool v4 = GetParam() == Family::v4;
  const Buffer options = v4 ? Buffer{7, 7, 4, 0, 0, 0, 0, 0} : Buffer{};
  const auto server = lab.b->bind_udp(GetParam(), 53);
  const auto client = lab.a->bind_udp(GetParam(), 0);
  EXPECT_EQ(lab.a->set_udp(client.id, {.ttl = 9, .tos = 8, .options = options}), Error::none);
  lab.a->send_udp(client.id, address_b(GetParam()), 53, Buffer{1, 2, 3}, lab.now());
  lab.settle();
  const auto received = lab.b->receive_udp(server.id);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->local, address_b(GetParam()));
  EXPECT_EQ(received->ttl, 9);
  EXPECT_EQ(received->tos, 8);
  EXPECT_EQ(received->options, options);
  EXPECT_EQ(received->data, (Buffer{1, 2, 3}));
  EXPECT_EQ(lab.a->set_udp(client.id, {.ttl = 0}), Error::illegal);
  EXPECT_EQ(lab.a->set_udp(client.id, {.options = Buffer(3)}), Error::illegal);
  EXPECT_EQ(lab.a->set_udp(client.id, {.options = Buffer(44)}), Error::illegal);
  EXPECT_EQ(lab.a->set_udp(client.id + 99, {}), Error::does_not_exist);
}

TEST_F(HostAlone, OptionsTakeTheirPlaceFromALongDatagram) {
  const auto socket = b->bind_udp(Family::v4, 0);
  EXPECT_EQ(b->send_udp(socket.id, test::v4_a, 53, Buffer(65507), now), Error::none);
  EXPECT_EQ(b->set_udp(socket.id, {.options = Buffer{1, 1, 1, 1, 1, 1, 1, 0}}), Error::none);
  EXPECT_EQ(b->send_udp(socket.id, test::v4_a, 53, Buffer(65500), now), Error::illegal);
  EXPECT_EQ(b->send_udp(socket.id, test::v4_a, 53, Buffer(65499), now), Error::none);
}

TEST_P(HostOfBothFamilies, TheReplyToAPingIsHandedOver) {
  lab.a->ping(address_b(GetParam()), 5, lab.now());
  lab.settle();
  const auto reply = lab.a->receive_echo_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->remote, address_b(GetParam()));
  EXPECT_EQ(reply->sequence, 1);
  EXPECT_EQ(reply->data, (Buffer{0, 1, 2, 3, 4}));
  EXPECT_FALSE(lab.a->receive_echo_reply());
}

// RFC 9293 MUST-51, 3.1: the pseudo-header names the end of the route.
TEST(SourceRoute, AnActiveOpenGoesByTheHostsItsUserNamed) {
  Lab lab;
  const IpAddress by = test::v4_b;
  const IpAddress end = IpAddress::v4(192, 0, 2, 77);
  EXPECT_EQ(lab.a->open_active(end, port, 0, {.source_route = {by}}, lab.now()).error, Error::none);
  lab.settle();
  FrameSpec syn = dissect(lab.a.frames.back());
  ASSERT_TRUE(syn.tcp);
  EXPECT_EQ(syn.ip->dst, by);
  EXPECT_THAT(syn.ip->options, ElementsAre(131, 7, 4, 192, 0, 2, 77, 0));
  const auto checksum = syn.tcp->checksum;
  syn.ip->dst = end;
  syn.tcp->checksum.reset();
  EXPECT_EQ(dissect(wire::emit(syn)).tcp->checksum, checksum);
  const std::vector<IpAddress> too_many(10, by);
  EXPECT_EQ(lab.a->open_active(end, port, 0, {.source_route = too_many}, lab.now()).error,
            Error::illegal);
}

}  // namespace
}  // namespace tcproof::stack
