// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stack/wire/bytes.h"

namespace tcproof::wire {

enum class Family : std::uint8_t { v4, v6 };

struct MacAddress {
  std::array<std::uint8_t, 6> octets{};
  constexpr bool operator==(const MacAddress&) const = default;
  /// The group bit: broadcast and multicast.
  constexpr bool is_group() const { return (octets[0] & 1) != 0; }
};
inline constexpr MacAddress mac_broadcast{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

/// An IPv4 or IPv6 address. IPv4 uses the first four octets, the others are zero.
struct IpAddress {
  Family family = Family::v4;
  std::array<std::uint8_t, 16> octets{};

  /// By words: every segment is compared with several addresses.
  constexpr bool operator==(const IpAddress& other) const {
    using Words = std::array<std::uint64_t, 2>;
    return family == other.family &&
           std::bit_cast<Words>(octets) == std::bit_cast<Words>(other.octets);
  }
  constexpr std::size_t size() const { return family == Family::v4 ? 4 : 16; }
  constexpr Bytes bytes() const { return Bytes(octets).first(size()); }

  static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    return {Family::v4, {a, b, c, d}};
  }
  /// `b` holds 4 octets for v4, 16 for v6.
  static constexpr IpAddress from(Family family, Bytes b) {
    IpAddress address{family, {}};
    for (std::size_t i = 0; i < address.size(); ++i) address.octets[i] = b[i];
    return address;
  }
  bool is_multicast() const;
  bool is_unspecified() const;
  bool is_loopback() const;
  bool is_link_local() const;
};
/// Writes the 4 or 16 octets that `family` has; the caller has checked the length.
constexpr void put_ip(MutableBytes b, std::size_t at, const IpAddress& ip, Family family) {
  const std::size_t size = family == Family::v4 ? 4 : 16;
  for (std::size_t i = 0; i < size; ++i) b[at + i] = ip.octets[i];
}
inline constexpr IpAddress ipv4_broadcast = IpAddress::v4(255, 255, 255, 255);

/// An address with its prefix length, as in 192.0.2.1/24.
struct IpPrefix {
  IpAddress address;
  std::uint8_t length = 0;
  bool operator==(const IpPrefix&) const = default;
  bool contains(const IpAddress& other) const;
};

// Text: 02:00:00:00:00:01; 192.0.2.1; 2001:db8::1 in the form of RFC 5952.
std::optional<MacAddress> parse_mac(std::string_view text);
std::optional<IpAddress> parse_ip(std::string_view text);
std::optional<IpPrefix> parse_prefix(std::string_view text);
std::string to_string(const MacAddress& mac);
std::string to_string(const IpAddress& ip);
std::string to_string(const IpPrefix& prefix);

/// ff02::1:ff00:0 with the last three octets of `ip` (RFC 4291 2.7.1), which is v6.
IpAddress solicited_node(const IpAddress& ip);
/// The Ethernet group of a multicast address (RFC 1112 6.4, RFC 2464 7).
MacAddress multicast_mac(const IpAddress& group);

}  // namespace tcproof::wire
