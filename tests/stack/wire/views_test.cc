// SPDX-License-Identifier: Apache-2.0
// What the views refuse. That they read each field from its place is shown by golden_test.cc.
#include <gtest/gtest.h>

#include <array>

#include "stack/wire/arp.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/nd.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace tcproof::wire {
namespace {

constexpr std::array<std::uint8_t, 64> zeros{};
constexpr Bytes zero(std::size_t n) {
  return Bytes(zeros).first(n);
}

static_assert(!EthernetView::parse(zero(13)) && EthernetView::parse(zero(14)));
static_assert(!ArpView::parse(zero(27)) && ArpView::parse(zero(28)));
static_assert(!UdpView::parse_header(zero(7)) && UdpView::parse_header(zero(8)));
static_assert(!IcmpView::parse(zero(7)) && IcmpView::parse(zero(8)));
// RFC 792 and RFC 4443 2.1; what IPv6 calls a redirect is no error.
static_assert(is_icmp_error(Family::v4, 3) && is_icmp_error(Family::v4, 4));
static_assert(is_icmp_error(Family::v4, 5) && is_icmp_error(Family::v4, 11));
static_assert(is_icmp_error(Family::v4, 12) && !is_icmp_error(Family::v4, 0));
static_assert(!is_icmp_error(Family::v4, 8) && !is_icmp_error(Family::v4, 13));
static_assert(is_icmp_error(Family::v6, 1) && is_icmp_error(Family::v6, 127));
static_assert(!is_icmp_error(Family::v6, 128) && !is_icmp_error(Family::v6, 137));
static_assert(!FragmentView::parse(zero(7)) && FragmentView::parse(zero(8)));
static_assert(!TcpView::parse(zero(20)));  // a data offset of 0

Buffer ipv4(std::uint8_t first, std::uint16_t total, std::size_t size) {
  Buffer b(size);
  b[0] = first;
  put16(b, 2, total);
  return b;
}

TEST(Ipv4View, RefusesLengthsThatCannotBe) {
  EXPECT_TRUE(Ipv4View::parse(ipv4(0x45, 20, 20)));
  EXPECT_FALSE(Ipv4View::parse(ipv4(0x55, 20, 20)));
  EXPECT_FALSE(Ipv4View::parse(ipv4(0x44, 20, 20)));
  EXPECT_FALSE(Ipv4View::parse(ipv4(0x46, 20, 20)));
  EXPECT_FALSE(Ipv4View::parse(ipv4(0x46, 20, 24)));
  EXPECT_FALSE(Ipv4View::parse(ipv4(0x45, 19, 20)));
  EXPECT_FALSE(Ipv4View::parse(ipv4(0x45, 21, 20)));
  EXPECT_FALSE(Ipv4View::parse(zero(19)));
}

TEST(Ipv4View, PayloadEndsWhereThePacketDoes) {
  const Buffer padded = ipv4(0x46, 30, 46);
  EXPECT_EQ(Ipv4View::parse(padded)->payload().size(), 6u);
  EXPECT_EQ(Ipv4View::parse(padded)->options().size(), 4u);
  const Buffer quoted = ipv4(0x45, 1500, 28);
  EXPECT_EQ(Ipv4View::parse_quoted(quoted)->payload().size(), 8u);
  const Buffer short_total = ipv4(0x45, 3, 28);
  EXPECT_EQ(Ipv4View::parse_quoted(short_total)->payload().size(), 0u);
}

TEST(Ipv4View, ChecksumCoversOptions) {
  Buffer b = ipv4(0x46, 24, 24);
  b[22] = 7;
  put_ipv4_checksum(b);
  EXPECT_TRUE(Ipv4View::parse(b)->header_checksum_ok());
  b[23] ^= 1;
  EXPECT_FALSE(Ipv4View::parse(b)->header_checksum_ok());
}

Buffer ipv6(std::uint8_t next, const Buffer& payload) {
  Buffer b(40);
  emit(
      Ipv6Header{.payload_length = static_cast<std::uint16_t>(payload.size()), .next_header = next},
      b);
  b.insert(b.end(), payload.begin(), payload.end());
  return b;
}

TEST(Ipv6View, RefusesLengthsThatCannotBe) {
  Buffer b = ipv6(59, Buffer(8));
  EXPECT_TRUE(Ipv6View::parse(b));
  b.push_back(0);
  EXPECT_EQ(Ipv6View::parse(b)->payload().size(), 8u);
  b.resize(47);
  EXPECT_FALSE(Ipv6View::parse(b));
  EXPECT_EQ(Ipv6View::parse_quoted(b)->payload().size(), 7u);
  b[0] = 0x40;
  EXPECT_FALSE(Ipv6View::parse_quoted(b));
}

struct Walk {
  std::vector<std::uint8_t> types;
  std::vector<std::size_t> offsets;
  std::uint8_t protocol = 0;
  std::size_t rest = 0;
  std::optional<std::size_t> next_header_at;
  bool malformed = false;
};
Walk walk(std::uint8_t next, const Buffer& payload) {
  Walk out;
  ExtensionWalker walker(next, payload);
  while (const auto extension = walker.next()) {
    out.types.push_back(extension->type);
    out.offsets.push_back(extension->offset);
  }
  EXPECT_FALSE(walker.next());  // it stays at its end
  out.protocol = walker.protocol();
  out.rest = walker.rest().size();
  out.next_header_at = walker.next_header_at();
  out.malformed = walker.malformed();
  return out;
}

TEST(ExtensionWalker, StepsOverTheChain) {
  Buffer chain{60, 0, 1, 4, 0, 0, 0, 0, 17, 1, 1, 12};  // hop-by-hop 8, destination options 16
  chain.resize(24 + 9);
  const Walk seen = walk(0, chain);
  EXPECT_EQ(seen.types, (std::vector<std::uint8_t>{0, 60}));
  EXPECT_EQ(seen.offsets, (std::vector<std::size_t>{0, 8}));
  EXPECT_EQ(seen.protocol, 17);
  EXPECT_EQ(seen.rest, 9u);
  EXPECT_EQ(seen.next_header_at, 8u);
  EXPECT_FALSE(seen.malformed);
  EXPECT_FALSE(walk(6, chain).next_header_at);
}

TEST(ExtensionWalker, StopsWhereTheChainIsCut) {
  const Walk past_end = walk(0, Buffer{60, 0, 1, 4, 0, 0, 0, 0, 17, 1, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(past_end.types.size(), 1u);
  EXPECT_EQ(past_end.protocol, 60);
  EXPECT_TRUE(past_end.malformed);
  EXPECT_TRUE(walk(44, Buffer(7)).malformed);
  EXPECT_TRUE(walk(0, Buffer{}).malformed);
}

// The second octet of a fragment header is reserved, not a length.
TEST(ExtensionWalker, StopsBehindALaterFragment) {
  const Buffer first{60, 9, 0, 1, 0, 0, 0, 7, 17, 0, 0, 0, 0, 0, 0, 0, 1};
  EXPECT_EQ(walk(44, first).types, (std::vector<std::uint8_t>{44, 60}));
  Buffer later = first;
  put16(later, 2, 8);
  const Walk seen = walk(44, later);
  EXPECT_EQ(seen.types, (std::vector<std::uint8_t>{44}));
  EXPECT_EQ(seen.protocol, 60);
  EXPECT_FALSE(seen.malformed);
  const auto view = *FragmentView::parse(first);
  EXPECT_TRUE(view.more());
  EXPECT_EQ(view.id(), 7u);
  EXPECT_FALSE(view.reserved_is_zero());
}

TEST(UdpView, JudgesTheLength) {
  Buffer b(12);
  for (const auto& [length, good] : {std::pair{8, true}, {12, true}, {7, false}, {13, false}}) {
    put16(b, 4, static_cast<std::uint16_t>(length));
    EXPECT_EQ(UdpView::parse(b).has_value(), good) << length;
  }
  put16(b, 4, 10);
  EXPECT_EQ(UdpView::parse(b)->data().size(), 2u);
  put16(b, 4, 0);
  EXPECT_EQ(UdpView::parse_header(b)->data().size(), 0u);
}

TEST(NdView, NeedsItsFixedPart) {
  for (const std::uint8_t type : std::initializer_list<std::uint8_t>{133, 134, 135, 136, 137}) {
    const std::size_t size = NdView::fixed_size(type);
    Buffer b(size);
    b[0] = type;
    EXPECT_TRUE(NdView::parse(b)) << int{type};
    b.pop_back();
    EXPECT_FALSE(NdView::parse(b)) << int{type};
  }
  const Buffer echo{128, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_FALSE(NdView::parse(echo));
  EXPECT_FALSE(NdView::parse({}));
}

// RFC 4861 4.6: an option of length zero must not be stepped over for ever.
TEST(NdOptions, AMalformedOptionEndsTheList) {
  for (const Buffer& area : {Buffer{1, 0, 0, 0, 0, 0, 0, 0, 1, 1}, Buffer{1, 2, 0, 0}, Buffer{1}}) {
    std::size_t n = 0;
    for (const NdOptionView& option : NdOptions(area)) {
      ++n;
      EXPECT_TRUE(option.malformed);
      EXPECT_FALSE(option.source_lla());
      EXPECT_EQ(option.raw.size(), area.size());
    }
    EXPECT_EQ(n, 1u);
    EXPECT_FALSE(NdOptions(area).well_formed());
  }
  EXPECT_TRUE(NdOptions({}).well_formed());
}

}  // namespace
}  // namespace tcproof::wire
