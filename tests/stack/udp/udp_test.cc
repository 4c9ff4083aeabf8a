// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/udp/datagram.h"
#include "stack/udp/sockets.h"
#include "stack/wire/address.h"

namespace tcproof::udp {
namespace {

using testing::ElementsAre;
using wire::Buffer;
using wire::Family;
using wire::IpAddress;

const IpAddress src4 = IpAddress::v4(192, 0, 2, 1);
const IpAddress dst4 = IpAddress::v4(192, 0, 2, 2);
const IpAddress src6 = *wire::parse_ip("2001:db8::1");
const IpAddress dst6 = *wire::parse_ip("2001:db8::2");

Buffer datagram(const IpAddress& src, const IpAddress& dst, const Buffer& data) {
  Buffer out(8 + data.size(), 0xa5);
  write(src, 4000, dst, 53, data, out);
  return out;
}

TEST(Datagram, IsReadAsItWasWritten) {
  for (const auto& [src, dst] : {std::pair{src4, dst4}, std::pair{src6, dst6}}) {
    Buffer octets = datagram(src, dst, {1, 2, 3});
    octets.push_back(0);  // beyond the datagram's own length
    std::string_view rule;
    const auto view = receive(src, dst, octets, rule);
    ASSERT_TRUE(view) << rule;
    EXPECT_EQ(view->src_port(), 4000);
    EXPECT_EQ(view->dst_port(), 53);
    EXPECT_THAT(view->data(), ElementsAre(1, 2, 3));
  }
}

TEST(Datagram, EveryFlippedBitIsNoticed) {
  const Buffer good = datagram(src4, dst4, {1, 2, 3});
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Buffer bad = good;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ 1U << bit % 8);
    std::string_view rule;
    EXPECT_FALSE(receive(src4, dst4, bad, rule)) << bit;
    EXPECT_NE(rule, "");
  }
}

// RFC 768: no checksum is fine over IPv4; RFC 8200 8.1: never over IPv6.
TEST(Datagram, WithoutAChecksumItIsForIpv4Only) {
  Buffer octets = datagram(src4, dst4, {1});
  wire::put16(octets, 6, 0);
  std::string_view rule;
  EXPECT_TRUE(receive(src4, dst4, octets, rule));
  EXPECT_FALSE(receive(src6, dst6, octets, rule));
}

// A sum of zero goes out as all ones: some pair of octets makes it so.
TEST(Datagram, ASumOfZeroIsWrittenAsAllOnes) {
  const std::uint16_t sum = wire::be16(datagram(src4, dst4, {0, 0}), 6);
  const Buffer octets =
      datagram(src4, dst4, {static_cast<std::uint8_t>(sum >> 8), static_cast<std::uint8_t>(sum)});
  EXPECT_EQ(wire::be16(octets, 6), 0xffff);
  std::string_view rule;
  EXPECT_TRUE(receive(src4, dst4, octets, rule));
}

TEST(Datagram, LengthsThatLieAreDropped) {
  std::string_view rule;
  Buffer octets = datagram(src4, dst4, {1, 2});
  wire::put16(octets, 4, 7);
  EXPECT_FALSE(receive(src4, dst4, octets, rule));
  wire::put16(octets, 4, 11);
  EXPECT_FALSE(receive(src4, dst4, octets, rule));
  EXPECT_FALSE(receive(src4, dst4, Buffer(7), rule));
}

class SocketsTest : public testing::Test {
 protected:
  bool deliver(std::uint16_t port, std::size_t size, Family family = Family::v4) {
    lost = false;
    return sockets.deliver(family, port, {.remote = src4, .remote_port = 1, .data = Buffer(size)},
                           lost);
  }
  Sockets sockets{65535};
  bool lost = false;
};

TEST_F(SocketsTest, APortIsBoundOncePerFamily) {
  EXPECT_TRUE(sockets.bind(Family::v4, 53));
  EXPECT_FALSE(sockets.bind(Family::v4, 53));
  const auto v6 = sockets.bind(Family::v6, 53);
  ASSERT_TRUE(v6);
  sockets.close(*v6);
  EXPECT_TRUE(sockets.bind(Family::v6, 53));
}

TEST_F(SocketsTest, EphemeralPortsWrapAndRunOut) {
  const auto last = sockets.bind(Family::v4, 0);
  const auto first = sockets.bind(Family::v4, 0);
  EXPECT_EQ(sockets.local(*last)->port, 65535);
  EXPECT_EQ(sockets.local(*first)->port, 49152);
  for (int i = 2; i < 16384; ++i) EXPECT_TRUE(sockets.bind(Family::v4, 0));
  EXPECT_FALSE(sockets.bind(Family::v4, 0));
}

TEST_F(SocketsTest, DatagramsWaitInOrderAndWhole) {
  const auto id = *sockets.bind(Family::v4, 53);
  EXPECT_TRUE(deliver(53, 1));
  EXPECT_TRUE(deliver(53, 0));
  EXPECT_FALSE(deliver(54, 1));
  EXPECT_FALSE(deliver(53, 1, Family::v6));
  EXPECT_EQ(sockets.receive(id)->data.size(), 1U);
  EXPECT_EQ(sockets.receive(id)->data.size(), 0U);
  EXPECT_FALSE(sockets.receive(id));
}

TEST_F(SocketsTest, TheQueueIsBoundedAndEmptyingItMakesRoom) {
  const auto id = *sockets.bind(Family::v4, 53);
  int kept = 0;
  while (deliver(53, 60000) && !lost) ++kept;
  EXPECT_EQ(kept, 4);
  EXPECT_TRUE(sockets.receive(id));
  deliver(53, 60000);
  EXPECT_FALSE(lost);
  kept = 0;
  while (deliver(53, 0) && !lost) ++kept;
  EXPECT_EQ(kept, static_cast<int>(Sockets::max_queued) - 4);
}

TEST_F(SocketsTest, AnErrorIsToldOnce) {
  const auto id = *sockets.bind(Family::v4, 53);
  EXPECT_TRUE(sockets.fail(Family::v4, 53, SocketError::refused));
  EXPECT_FALSE(sockets.fail(Family::v4, 54, SocketError::refused));
  EXPECT_EQ(sockets.take_error(id), SocketError::refused);
  EXPECT_EQ(sockets.take_error(id), SocketError::none);
}

}  // namespace
}  // namespace tcproof::udp
