// SPDX-License-Identifier: Apache-2.0
#include "stack/host.h"

#include <gtest/gtest.h>

#include "tests/stack/lab.h"

namespace tcproof::stack {
namespace {

using tcp::Error;
using tcp::State;
using test::Lab;
using wire::Buffer;
using wire::Family;

constexpr std::uint16_t port = 5001;
const Buffer text(10, 'x');

// RFC 9293 3.10.1 and 3.10.2.
class NamedPeer : public testing::TestWithParam<Family> {
 protected:
  Host::Opened open_for(std::uint16_t peer_port) {
    Host::OpenOptions options;
    options.remote = {GetParam() == Family::v4 ? test::v4_a : test::v6_a, peer_port};
    return lab.b->open_passive(GetParam(), port, options, lab.now());
  }
  Host::Opened call_from(std::uint16_t peer_port) {
    const auto& b = GetParam() == Family::v4 ? test::v4_b : test::v6_b;
    return lab.a->open_active(b, port, peer_port, {}, lab.now());
  }

  Lab lab;
};
INSTANTIATE_TEST_SUITE_P(Families, NamedPeer, testing::Values(Family::v4, Family::v6),
                         [](const auto& family) {
                           return family.param == Family::v4 ? "v4" : "v6";
                         });

TEST_P(NamedPeer, IsTheOnlyOneThatAPassiveOpenTakes) {
  const auto named = open_for(40002);
  const auto other = call_from(40001);
  lab.settle();
  EXPECT_EQ(lab.a->status(other.id), Error::connection_reset);
  EXPECT_EQ(lab.b->state(named.id), State::listen);
  call_from(40002);
  lab.settle();
  EXPECT_EQ(lab.b->state(named.id), State::established);
}

TEST_P(NamedPeer, ComesBeforeAnOlderOpenForAnybody) {
  const auto anybody = lab.b->open_passive(GetParam(), port, {}, lab.now());
  const auto named = open_for(40002);
  call_from(40002);
  lab.settle();
  EXPECT_EQ(lab.b->state(named.id), State::established);
  EXPECT_EQ(lab.b->state(anybody.id), State::listen);
}

TEST_P(NamedPeer, IsCalledBySend) {
  const auto caller = open_for(40002);
  const auto called = lab.a->open_passive(GetParam(), 40002, {}, lab.now());
  std::size_t taken = 0;
  EXPECT_EQ(lab.b->send(caller.id, text, true, false, lab.now(), taken), Error::none);
  EXPECT_EQ(taken, 10);
  EXPECT_EQ(lab.b->state(caller.id), State::syn_sent);
  lab.settle();
  Buffer got(20);
  std::size_t octets = 0;
  EXPECT_EQ(lab.a->receive(called.id, got, lab.now(), octets), Error::none);
  EXPECT_EQ(octets, 10);
  EXPECT_EQ(lab.b->state(caller.id), State::established);
}

TEST(NamedPeerOfAnOpen, IsOneHostAndOnePort) {
  Lab lab;
  Host::OpenOptions options;
  options.remote = Host::Remote{test::v4_a, 0};
  EXPECT_EQ(lab.b->open_passive(Family::v4, port, options, lab.now()).error, Error::unspecified);
  options.remote = Host::Remote{*wire::parse_ip("224.0.0.1"), 1};
  EXPECT_EQ(lab.b->open_passive(Family::v4, port, options, lab.now()).error, Error::illegal);
}

TEST_P(NamedPeer, IsWhatSendNeedsInListen) {
  const auto listener = lab.b->open_passive(GetParam(), port, {}, lab.now());
  std::size_t taken = 0;
  EXPECT_EQ(lab.b->send(listener.id, text, true, false, lab.now(), taken), Error::unspecified);
  EXPECT_EQ(lab.b->state(listener.id), State::listen);
}

}  // namespace
}  // namespace tcproof::stack
