// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "stack/wire/field.h"
#include "stack/wire/numbers.h"

namespace tcproof::wire {

namespace {

struct Name {
  Field field;
  std::string_view name;
  std::uint64_t number;
  std::optional<std::uint64_t> type = {};  // a code means this only with that ICMP type
};

// clang-format off
constexpr std::array names{
    Name{Field::arp_op, "request", arp_op::request},
    Name{Field::arp_op, "reply", arp_op::reply},
    Name{Field::ip_ecn, "not-ect", 0},
    Name{Field::ip_ecn, "ect1", 1},
    Name{Field::ip_ecn, "ect0", 2},
    Name{Field::ip_ecn, "ce", 3},
    Name{Field::icmp_type, "echo", icmp_type::echo},
    Name{Field::icmp_type, "echo-reply", icmp_type::echo_reply},
    Name{Field::icmp_type, "unreachable", icmp_type::unreachable},
    Name{Field::icmp_type, "redirect", icmp_type::redirect},
    Name{Field::icmp_type, "source-quench", icmp_type::source_quench},
    Name{Field::icmp_type, "time-exceeded", icmp_type::time_exceeded},
    Name{Field::icmp_type, "parameter-problem", icmp_type::parameter_problem},
    Name{Field::icmp_type, "timestamp", icmp_type::timestamp},
    Name{Field::icmp_type, "timestamp-reply", icmp_type::timestamp_reply},
    Name{Field::icmp_code, "net", unreachable_code::net, icmp_type::unreachable},
    Name{Field::icmp_code, "host", unreachable_code::host, icmp_type::unreachable},
    Name{Field::icmp_code, "protocol", unreachable_code::protocol, icmp_type::unreachable},
    Name{Field::icmp_code, "port", unreachable_code::port, icmp_type::unreachable},
    Name{Field::icmp_code, "fragmentation-needed",
         unreachable_code::fragmentation_needed, icmp_type::unreachable},
    Name{Field::icmp_code, "source-route-failed",
         unreachable_code::source_route_failed, icmp_type::unreachable},
    Name{Field::icmp_code, "net", 0, icmp_type::redirect},
    Name{Field::icmp_code, "host", 1, icmp_type::redirect},
    Name{Field::icmp_code, "ttl", time_exceeded_code::ttl, icmp_type::time_exceeded},
    Name{Field::icmp_code, "reassembly", time_exceeded_code::reassembly, icmp_type::time_exceeded},
    Name{Field::icmpv6_type, "echo-request", icmpv6_type::echo_request},
    Name{Field::icmpv6_type, "echo-reply", icmpv6_type::echo_reply},
    Name{Field::icmpv6_type, "unreachable", icmpv6_type::unreachable},
    Name{Field::icmpv6_type, "packet-too-big", icmpv6_type::packet_too_big},
    Name{Field::icmpv6_type, "time-exceeded", icmpv6_type::time_exceeded},
    Name{Field::icmpv6_type, "parameter-problem", icmpv6_type::parameter_problem},
    Name{Field::icmpv6_code, "no-route", unreachable_v6_code::no_route, icmpv6_type::unreachable},
    Name{Field::icmpv6_code, "prohibited",
         unreachable_v6_code::prohibited, icmpv6_type::unreachable},
    Name{Field::icmpv6_code, "beyond-scope",
         unreachable_v6_code::beyond_scope, icmpv6_type::unreachable},
    Name{Field::icmpv6_code, "address", unreachable_v6_code::address, icmpv6_type::unreachable},
    Name{Field::icmpv6_code, "port", unreachable_v6_code::port, icmpv6_type::unreachable},
    Name{Field::icmpv6_code, "hop-limit", time_exceeded_code::ttl, icmpv6_type::time_exceeded},
    Name{Field::icmpv6_code, "reassembly",
         time_exceeded_code::reassembly, icmpv6_type::time_exceeded},
    Name{Field::nd_type, "neighbor-solicitation", icmpv6_type::neighbor_solicitation},
    Name{Field::nd_type, "neighbor-advertisement", icmpv6_type::neighbor_advertisement},
    Name{Field::nd_type, "router-solicitation", icmpv6_type::router_solicitation},
    Name{Field::nd_type, "router-advertisement", icmpv6_type::router_advertisement},
    Name{Field::nd_type, "redirect", icmpv6_type::redirect},
};
// clang-format on

std::string print_number(Field field, std::uint64_t number, std::optional<std::uint64_t> type) {
  if (info(field).kind == FieldKind::boolean) return number != 0 ? "true" : "false";
  if (info(field).kind == FieldKind::checksum || field == Field::eth_type ||
      field == Field::arp_ptype)
    return fmt::format("0x{:04x}", number);
  const std::string_view name = name_of(field, number, type);
  return name.empty() ? fmt::format("{}", number) : std::string(name);
}

}  // namespace

std::optional<std::uint64_t> number_of(Field field, std::string_view name,
                                       std::optional<std::uint64_t> type) {
  for (const Name& entry : names) {
    const bool fits = !entry.type || !type || entry.type == type;
    if (entry.field == field && entry.name == name && fits) return entry.number;
  }
  return {};
}

std::string_view name_of(Field field, std::uint64_t value, std::optional<std::uint64_t> type) {
  for (const Name& entry : names) {
    const bool fits = !entry.type || entry.type == type;
    if (entry.field == field && entry.number == value && fits) return entry.name;
  }
  return {};
}

std::string print(Field field, const FieldValue& value, std::optional<std::uint64_t> type) {
  struct Printer {
    Field field;
    std::optional<std::uint64_t> type;
    std::string operator()(std::uint64_t number) const { return print_number(field, number, type); }
    std::string operator()(BadChecksum) const { return "bad"; }
    std::string operator()(const MacAddress& mac) const { return to_string(mac); }
    std::string operator()(const IpAddress& ip) const { return to_string(ip); }
    std::string operator()(const IpPrefix& prefix) const { return to_string(prefix); }
    std::string operator()(const Buffer& octets) const {
      return fmt::format("{:02x}", fmt::join(octets, ""));
    }
  };
  return std::visit(Printer{field, type}, value);
}

}  // namespace tcproof::wire
