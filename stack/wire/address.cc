// SPDX-License-Identifier: Apache-2.0
#include "stack/wire/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>

namespace tcproof::wire {

namespace {

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

bool all_zero(Bytes b) {
  return std::all_of(b.begin(), b.end(), [](std::uint8_t octet) { return octet == 0; });
}

}  // namespace

bool IpAddress::is_multicast() const {
  return family == Family::v4 ? octets[0] >> 4 == 0xe : octets[0] == 0xff;
}

bool IpAddress::is_unspecified() const {
  return all_zero(bytes());
}

bool IpAddress::is_loopback() const {
  if (family == Family::v4) return octets[0] == 127;
  return octets[15] == 1 && all_zero(bytes().first(15));
}

bool IpAddress::is_link_local() const {
  if (family == Family::v4) return octets[0] == 169 && octets[1] == 254;
  return octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80;
}

bool IpPrefix::contains(const IpAddress& other) const {
  if (other.family != address.family) return false;
  const std::size_t bits = std::min<std::size_t>(length, address.size() * 8);
  const std::size_t whole = bits / 8;
  for (std::size_t i = 0; i < whole; ++i) {
    if (address.octets[i] != other.octets[i]) return false;
  }
  if (bits % 8 == 0) return true;
  const int differ = address.octets[whole] ^ other.octets[whole];
  return differ >> (8 - bits % 8) == 0;
}

std::optional<MacAddress> parse_mac(std::string_view text) {
  MacAddress mac;
  if (text.size() != 17) return {};
  for (std::size_t i = 0; i < mac.octets.size(); ++i) {
    if (i > 0 && text[i * 3 - 1] != ':') return {};
    const auto octet = parse_number<std::uint8_t>(text.substr(i * 3, 2), 16);
    if (!octet) return {};
    mac.octets[i] = *octet;
  }
  return mac;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  // inet_pton wants a terminated string. The longest address has 45 characters.
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return {};
  std::copy(text.begin(), text.end(), terminated.begin());
  IpAddress ip;
  if (text.find(':') != std::string_view::npos) ip.family = Family::v6;
  const int family = ip.family == Family::v6 ? AF_INET6 : AF_INET;
  if (inet_pton(family, terminated.data(), ip.octets.data()) != 1) return {};
  return ip;
}

std::optional<IpPrefix> parse_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const auto address = parse_ip(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  const auto length = parse_number<std::uint8_t>(digits, 10);
  if (!address || !length || *length > address->size() * 8) return {};
  if (digits.size() > 1 && digits.front() == '0') return {};
  return IpPrefix{*address, *length};
}

std::string to_string(const MacAddress& mac) {
  return fmt::format("{:02x}", fmt::join(mac.octets, ":"));
}

std::string to_string(const IpAddress& ip) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ip.family == Family::v6 ? AF_INET6 : AF_INET;
  const char* done = inet_ntop(family, ip.octets.data(), text.data(), text.size());
  assert(done != nullptr);
  return done;
}

std::string to_string(const IpPrefix& prefix) {
  return fmt::format("{}/{}", to_string(prefix.address), prefix.length);
}

IpAddress solicited_node(const IpAddress& ip) {
  assert(ip.family == Family::v6);
  IpAddress group{Family::v6, {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff}};
  std::copy_n(ip.octets.begin() + 13, 3, group.octets.begin() + 13);
  return group;
}

MacAddress multicast_mac(const IpAddress& group) {
  const auto& o = group.octets;
  if (group.family == Family::v6) return {{0x33, 0x33, o[12], o[13], o[14], o[15]}};
  return {{0x01, 0x00, 0x5e, static_cast<std::uint8_t>(o[1] & 0x7f), o[2], o[3]}};
}

}  // namespace tcproof::wire
