// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/sockets.h"

#include <algorithm>
#include <array>
#include <string>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "harness/case/congestion_controls.h"

namespace tcproof::harness {
namespace {

using checks::Outcome;
using wire::Family;

int option_of(const UniqueFd& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(socket.get(), level, name, &value, &size) == 0 ? value : -1;
}

UniqueFd tcp_socket(int domain = AF_INET) {
  return UniqueFd(::socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

Outcome set_on(const UniqueFd& socket, const char* name, std::int64_t value) {
  return set_option(socket.get(), Family::v4, name, value);
}

// What a case asks for is what the kernel has afterwards.
TEST(SocketOptions, ReachTheSocket) {
  const UniqueFd socket = tcp_socket();
  const auto ns = [](Duration duration) { return std::int64_t{duration.count()}; };
  EXPECT_EQ(set_on(socket, "nodelay", 1), Outcome::ok);
  EXPECT_EQ(option_of(socket, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(set_on(socket, "cork", 1), Outcome::ok);
  EXPECT_EQ(option_of(socket, IPPROTO_TCP, TCP_CORK), 1);
  EXPECT_EQ(set_on(socket, "cork", 0), Outcome::ok);
  EXPECT_EQ(option_of(socket, IPPROTO_TCP, TCP_CORK), 0);
  EXPECT_EQ(set_on(socket, "user-timeout", ns(1500ms)), Outcome::ok);
  EXPECT_EQ(option_of(socket, IPPROTO_TCP, TCP_USER_TIMEOUT), 1500);
  EXPECT_EQ(set_on(socket, "keep-alive", ns(7s)), Outcome::ok);
  EXPECT_EQ(option_of(socket, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option_of(socket, IPPROTO_TCP, TCP_KEEPIDLE), 7);
  EXPECT_EQ(set_on(socket, "keep-alive", 0), Outcome::ok);
  EXPECT_EQ(option_of(socket, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(set_on(socket, "urgent-inline", 1), Outcome::ok);
  EXPECT_EQ(option_of(socket, SOL_SOCKET, SO_OOBINLINE), 1);
  EXPECT_EQ(set_on(socket, "receive-buffer", 8192), Outcome::ok);
  EXPECT_EQ(option_of(socket, SOL_SOCKET, SO_RCVBUF), 2 * 8192) << "socket(7): doubled";
  EXPECT_EQ(set_on(socket, "send-buffer", 8192), Outcome::ok);
  EXPECT_EQ(option_of(socket, SOL_SOCKET, SO_SNDBUF), 2 * 8192);
  EXPECT_EQ(set_on(socket, "ttl", 9), Outcome::ok);
  EXPECT_EQ(option_of(socket, IPPROTO_IP, IP_TTL), 9);
  EXPECT_EQ(set_on(socket, "tos", 8), Outcome::ok);
  EXPECT_EQ(option_of(socket, IPPROTO_IP, IP_TOS), 8);
  EXPECT_EQ(set_on(socket, "linger", ns(3s)), Outcome::ok);
  linger set{};
  socklen_t size = sizeof set;
  ASSERT_EQ(::getsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &set, &size), 0);
  EXPECT_EQ(set.l_onoff, 1);
  EXPECT_EQ(set.l_linger, 3);
}

TEST(SocketOptions, CongestionControlGoesByName) {
  const UniqueFd socket = tcp_socket();
  const auto* const reno = std::ranges::find(congestion_controls, "reno");
  ASSERT_NE(reno, congestion_controls.end());
  // Every kernel has Reno, and everybody may use it.
  EXPECT_EQ(set_on(socket, "congestion-control", reno - congestion_controls.begin()), Outcome::ok);
  std::array<char, 16> name{};
  socklen_t size = name.size();
  ASSERT_EQ(::getsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, name.data(), &size), 0);
  EXPECT_STREQ(name.data(), "reno");
  EXPECT_EQ(set_on(socket, "congestion-control", 99), Outcome::unsupported);
}

TEST(SocketOptions, WhatTheKernelLacksIsUnsupported) {
  const UniqueFd socket = tcp_socket();
  EXPECT_EQ(set_on(socket, "no-such-option", 1), Outcome::unsupported);
  EXPECT_EQ(set_options(socket.get(), Family::v4, {{"nodelay", 1}, {"x", 1}}),
            Outcome::unsupported);
}

}  // namespace
}  // namespace tcproof::harness
