// SPDX-License-Identifier: Apache-2.0
#include "stack/wire/address.h"

#include <gtest/gtest.h>

namespace tcproof::wire {
namespace {

// RFC 5952 section 4: shortest form, lower case, the first longest run of zeros.
TEST(Address, PrintsAsRfc5952) {
  const std::pair<std::string_view, std::string_view> forms[] = {
      {"2001:DB8:0:0:0:0:2:1", "2001:db8::2:1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"::", "::"},
      {"192.0.2.1", "192.0.2.1"},
  };
  for (const auto& [written, canonical] : forms) {
    const auto ip = parse_ip(written);
    ASSERT_TRUE(ip) << written;
    EXPECT_EQ(to_string(*ip), canonical);
  }
}

TEST(Address, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.4 ", "::1::", "g::", "fe80::1%eth0",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb"})
    EXPECT_FALSE(parse_ip(text)) << text;
  EXPECT_FALSE(parse_ip(std::string_view("1.2.3.4\0", 8)));
  for (const std::string_view text :
       {"", "02:00:00:00:00", "02:00:00:00:00:01:02", "02-00-00-00-00-01", "0g:00:00:00:00:01",
        "+2:00:00:00:00:01", " 2:00:00:00:00:01"})
    EXPECT_FALSE(parse_mac(text)) << text;
  for (const std::string_view text : {"192.0.2.1", "192.0.2.1/", "192.0.2.1/33", "192.0.2.1/024",
                                      "192.0.2.1/-1", "::/129", "/24"})
    EXPECT_FALSE(parse_prefix(text)) << text;
}

TEST(Address, MacText) {
  const auto mac = parse_mac("02:0A:ff:00:00:01");
  ASSERT_TRUE(mac);
  EXPECT_EQ(to_string(*mac), "02:0a:ff:00:00:01");
  EXPECT_FALSE(mac->is_group());
  EXPECT_TRUE(mac_broadcast.is_group());
}

TEST(Address, PrefixHoldsItsNetwork) {
  const auto prefix = *parse_prefix("192.0.2.77/26");
  EXPECT_TRUE(prefix.contains(IpAddress::v4(192, 0, 2, 64)));
  EXPECT_TRUE(prefix.contains(IpAddress::v4(192, 0, 2, 127)));
  EXPECT_FALSE(prefix.contains(IpAddress::v4(192, 0, 2, 63)));
  EXPECT_FALSE(prefix.contains(IpAddress::v4(192, 0, 2, 128)));
  EXPECT_FALSE(prefix.contains(*parse_ip("::1")));
  EXPECT_TRUE(parse_prefix("0.0.0.0/0")->contains(IpAddress::v4(255, 1, 2, 3)));
  EXPECT_FALSE(parse_prefix("192.0.2.1/32")->contains(IpAddress::v4(192, 0, 2, 0)));
  EXPECT_EQ(to_string(prefix), "192.0.2.77/26");
}

TEST(Address, Kinds) {
  const auto ip = [](std::string_view text) { return *parse_ip(text); };
  EXPECT_TRUE(ip("224.0.0.1").is_multicast() && ip("239.255.255.255").is_multicast());
  EXPECT_FALSE(ip("223.255.255.255").is_multicast() || ip("240.0.0.0").is_multicast());
  EXPECT_TRUE(ip("ff02::1").is_multicast());
  EXPECT_FALSE(ip("fe80::1").is_multicast());
  EXPECT_TRUE(ip("0.0.0.0").is_unspecified() && ip("::").is_unspecified());
  EXPECT_FALSE(ip("::1").is_unspecified());
  EXPECT_TRUE(ip("127.9.9.9").is_loopback() && ip("::1").is_loopback());
  EXPECT_FALSE(ip("128.0.0.1").is_loopback() || ip("2001::1").is_loopback());
  EXPECT_TRUE(ip("169.254.1.1").is_link_local() && ip("febf::1").is_link_local());
  EXPECT_FALSE(ip("fec0::1").is_link_local());
}

// RFC 4291 2.7.1 has this very example.
TEST(Address, Groups) {
  const IpAddress group = solicited_node(*parse_ip("4037::01:800:200E:8C6C"));
  EXPECT_EQ(to_string(group), "ff02::1:ff0e:8c6c");
  EXPECT_EQ(to_string(multicast_mac(group)), "33:33:ff:0e:8c:6c");
  EXPECT_EQ(to_string(multicast_mac(IpAddress::v4(239, 129, 2, 3))), "01:00:5e:01:02:03");
}

}  // namespace
}  // namespace tcproof::wire
