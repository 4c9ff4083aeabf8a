// SPDX-License-Identifier: Apache-2.0
#include "stack/link/socket_filter.h"

#include <array>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tcproof::link {
namespace {

/// An Ethernet frame with the start of an IPv4 header that names `protocol` and the destination
/// 192.0.2.`host`.
wire::Buffer ipv4_frame(std::uint8_t protocol, std::uint8_t host) {
  wire::Buffer frame(60);
  wire::put16(frame, 12, 0x0800);
  frame[14] = 0x45;
  frame[23] = protocol;
  frame[30] = 192;
  frame[32] = 2;
  frame[33] = host;
  return frame;
}

TEST(SocketFilter, LetsThroughWhatTheExpressionNames) {
  const auto filter = SocketFilter::compile("tcp and dst host 192.0.2.7");
  ASSERT_TRUE(filter) << filter.error();
  EXPECT_TRUE(filter->passes(ipv4_frame(6, 7)));
  EXPECT_FALSE(filter->passes(ipv4_frame(17, 7)));
  EXPECT_FALSE(filter->passes(ipv4_frame(6, 8)));
  EXPECT_FALSE(filter->passes(wire::Buffer(3))) << "shorter than what the filter reads";
}

TEST(SocketFilter, AWrongExpressionIsAnErrorInWords) {
  const auto filter = SocketFilter::compile("tcp and and");
  ASSERT_FALSE(filter);
  EXPECT_NE(filter.error().find("syntax error"), std::string::npos) << filter.error();
}

// The kernel takes the program and applies it: of two octets sent through a socket pair none comes
// out once everything is to be dropped.
TEST(SocketFilter, TheKernelAppliesIt) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends.data()), 0);
  ASSERT_EQ(::send(ends[0], "a", 1, 0), 1);
  char octet = 0;
  EXPECT_EQ(::recv(ends[1], &octet, 1, 0), 1);
  ASSERT_EQ(SocketFilter::drop_all().attach(ends[1]), 0);
  ::send(ends[0], "b", 1, 0);
  EXPECT_EQ(::recv(ends[1], &octet, 1, 0), -1);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace tcproof::link
