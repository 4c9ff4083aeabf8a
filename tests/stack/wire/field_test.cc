// SPDX-License-Identifier: Apache-2.0
#include "stack/wire/field.h"

#include <gtest/gtest.h>

#include <set>

namespace tcproof::wire {
namespace {

FieldValue sample(const FieldInfo& field) {
  switch (field.kind) {
    case FieldKind::number:
    case FieldKind::boolean:
    case FieldKind::checksum: return std::uint64_t{1};
    case FieldKind::mac: return MacAddress{{2, 0, 0, 0, 0, 1}};
    case FieldKind::ip: return IpAddress::v4(192, 0, 2, 1);
    case FieldKind::prefix: return IpPrefix{*parse_ip("2001:db8::"), 64};
    case FieldKind::octets: return Buffer{1, 2, 3, 4};
  }
  return {};
}

// Each field is set in a layer of its own, read back, and touches no other field.
TEST(Field, WhatIsSetIsReadAndNothingElse) {
  for (const FieldInfo& field : all_fields()) {
    FrameSpec frame;
    EXPECT_FALSE(get(frame, field.field)) << field.name;
    set(frame, field.field, sample(field));
    EXPECT_EQ(get(frame, field.field), sample(field)) << field.name;
    for (const FieldInfo& other : all_fields()) {
      if (other.field == field.field || other.kind == FieldKind::octets) continue;
      const bool octet_of_tos = field.field == Field::ip_tos && other.name.size() <= 4 &&
                                (other.field == Field::ip_dscp || other.field == Field::ip_ecn);
      EXPECT_EQ(get(frame, other.field).has_value(), octet_of_tos)
          << field.name << " " << other.name;
    }
  }
}

TEST(Field, NamesAreUniqueInTheirLayerAndFound) {
  std::set<std::pair<Layer, std::string_view>> names;
  for (const FieldInfo& field : all_fields()) {
    EXPECT_TRUE(names.emplace(field.layer, field.name).second) << field.name;
    EXPECT_EQ(find_field(field.layer, field.name), &info(field.field));
  }
  EXPECT_EQ(find_field(Layer::ip, "ttll"), nullptr);
  EXPECT_EQ(find_field(Layer::tcp, "ttl"), nullptr);
  EXPECT_EQ(find_field(Layer::nd, "source-lla")->field, Field::nd_source_lla);
  EXPECT_EQ(to_string(Layer::icmpv6), "icmpv6");
}

TEST(Field, ChecksumsAreNumbersOrBad) {
  FrameSpec frame;
  set(frame, Field::udp_checksum, BadChecksum{});
  EXPECT_EQ(get(frame, Field::udp_checksum), FieldValue(BadChecksum{}));
  set(frame, Field::udp_checksum, std::uint64_t{0x1234});
  EXPECT_EQ(frame.udp->checksum, ChecksumSpec(std::uint16_t{0x1234}));
}

TEST(Field, TosAndItsPartsAreOneOctet) {
  FrameSpec frame;
  set(frame, Field::ip_tos, std::uint64_t{0xb8});
  EXPECT_EQ(get(frame, Field::ip_dscp), FieldValue(std::uint64_t{46}));
  EXPECT_EQ(get(frame, Field::ip_ecn), FieldValue(std::uint64_t{0}));
  set(frame, Field::ip_ecn, std::uint64_t{3});
  EXPECT_EQ(get(frame, Field::ip_tos), FieldValue(std::uint64_t{0xbb}));
}

TEST(Field, NamesOfNumbers) {
  EXPECT_EQ(number_of(Field::icmp_type, "unreachable", {}), 3u);
  EXPECT_EQ(number_of(Field::icmpv6_type, "unreachable", {}), 1u);
  EXPECT_EQ(number_of(Field::ip_ecn, "ce", {}), 3u);
  EXPECT_EQ(number_of(Field::arp_op, "reply", {}), 2u);
  EXPECT_EQ(number_of(Field::icmp_code, "reassembly", 11), 1u);
  EXPECT_EQ(number_of(Field::icmp_code, "reassembly", 3), std::nullopt);
  EXPECT_EQ(number_of(Field::icmp_code, "port", {}), 3u);
  EXPECT_EQ(number_of(Field::icmpv6_code, "port", 1), 4u);
  EXPECT_EQ(number_of(Field::ip_ttl, "ce", {}), std::nullopt);
  EXPECT_EQ(name_of(Field::icmp_code, 1, 3), "host");
  EXPECT_EQ(name_of(Field::icmp_code, 1, 11), "reassembly");
  EXPECT_EQ(name_of(Field::icmp_code, 1, {}), "");
  EXPECT_EQ(name_of(Field::nd_type, 135, {}), "neighbor-solicitation");
}

TEST(Field, Prints) {
  EXPECT_EQ(print(Field::ip_ttl, std::uint64_t{64}, {}), "64");
  EXPECT_EQ(print(Field::eth_type, std::uint64_t{0x800}, {}), "0x0800");
  EXPECT_EQ(print(Field::ip_df, std::uint64_t{1}, {}), "true");
  EXPECT_EQ(print(Field::udp_checksum, BadChecksum{}, {}), "bad");
  EXPECT_EQ(print(Field::udp_checksum, std::uint64_t{0x12}, {}), "0x0012");
  EXPECT_EQ(print(Field::icmp_code, std::uint64_t{4}, 3), "fragmentation-needed");
  EXPECT_EQ(print(Field::ip_options, Buffer{0x94, 4, 0, 0}, {}), "94040000");
  EXPECT_EQ(print(Field::nd_prefix, IpPrefix{*parse_ip("2001:db8::"), 64}, {}), "2001:db8::/64");
}

}  // namespace
}  // namespace tcproof::wire
