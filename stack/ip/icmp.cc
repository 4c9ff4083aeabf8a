// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/icmp.h"

#include <algorithm>

#include "stack/ip/rules.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/numbers.h"

namespace tcproof::ip {
namespace {

using wire::Bytes;
using wire::Family;
using wire::IcmpHeader;
using wire::IcmpView;

constexpr std::size_t quoted_octets = 8;  // of the upper layer, the least that RFC 792 promises

std::string_view reason_v4(const Packet& packet, const Interface& interface) {
  if (packet.group) return rule::no_icmp_the_packet_was_sent_to_a_group;
  if (packet.src.is_unspecified() || packet.src.is_multicast() || packet.src.is_loopback() ||
      interface.is_broadcast(packet.src))
    return rule::no_icmp_the_source_is_not_a_single_host;
  const auto view = wire::Ipv4View::parse_quoted(packet.whole);
  if (view && view->offset() != 0) return rule::no_icmp_not_the_first_fragment;
  const Bytes payload = packet.payload;
  if (packet.protocol == wire::ip_protocol::icmp &&
      (payload.empty() || wire::is_icmp_error(Family::v4, payload[0])))
    return rule::no_icmp_the_packet_is_an_error_itself;
  return {};
}

std::string_view reason_v6(const Packet& packet, std::uint8_t type, std::uint8_t code) {
  const bool allowed_to_group = type == wire::icmpv6_type::packet_too_big ||
                                (type == wire::icmpv6_type::parameter_problem &&
                                 code == wire::parameter_problem_v6_code::option);
  if (packet.group && !allowed_to_group) return rule::no_icmp_to_an_ipv6_group;
  if (packet.src.is_unspecified() || packet.src.is_multicast())
    return rule::no_icmp_the_source_is_not_a_single_node;
  // The defect may stand in a header before the message, so that nobody has come to it yet.
  const auto view = wire::Ipv6View::parse_quoted(packet.whole);
  if (!view) return {};
  wire::ExtensionWalker walker(view->next_header(), view->payload());
  while (walker.next()) {
  }
  if (walker.protocol() != wire::ip_protocol::icmpv6 || walker.later_fragment()) return {};
  const Bytes payload = walker.rest();
  if (payload.empty() || wire::is_icmp_error(Family::v6, payload[0]) ||
      payload[0] == wire::icmpv6_type::redirect)
    return rule::no_icmp_the_packet_is_an_error_or_a_redirect_itself;
  return {};
}

enum class Class : std::uint8_t { hard, soft, ignored };

Class classify_v4(const IcmpView& message) {
  namespace code = wire::unreachable_code;
  switch (message.type()) {
    case wire::icmp_type::unreachable: {
      const std::uint8_t c = message.code();
      const bool hard = c == code::protocol || c == code::port || c == code::fragmentation_needed;
      return hard ? Class::hard : Class::soft;
    }
    case wire::icmp_type::time_exceeded:
    case wire::icmp_type::parameter_problem: return Class::soft;
    default: return Class::ignored;  // source quench (RFC 9293 MUST-55), redirect
  }
}

/// RFC 9293 names no hard error of ICMPv6; "port unreachable" and "prohibited" say the same as
/// their IPv4 brothers (RFC 5461 2).
Class classify_v6(const IcmpView& message) {
  namespace code = wire::unreachable_v6_code;
  switch (message.type()) {
    case wire::icmpv6_type::unreachable:
      return message.code() == code::prohibited || message.code() == code::port ? Class::hard
                                                                                : Class::soft;
    // RFC 4443 2.4 (a): an error of unknown type goes to the upper layer too.
    default: return Class::soft;
  }
}

bool is_port_unreachable(Family family, const IcmpView& message) {
  if (family == Family::v4)
    return message.type() == wire::icmp_type::unreachable &&
           message.code() == wire::unreachable_code::port;
  return message.type() == wire::icmpv6_type::unreachable &&
         message.code() == wire::unreachable_v6_code::port;
}

/// "Fragmentation needed" and Packet Too Big; the quoted packet has passed
/// report_on().
std::optional<TooBig> too_big(Family family, const IcmpView& message) {
  const Bytes quoted = message.body();
  if (family == Family::v6) {
    if (message.type() != wire::icmpv6_type::packet_too_big) return {};
    const auto view = *wire::Ipv6View::parse_quoted(quoted);
    return TooBig{message.mtu_v6(), wire::Ipv6Header::size + view.payload_length(),
                  wire::Ipv6Header::size};
  }
  if (message.type() != wire::icmp_type::unreachable ||
      message.code() != wire::unreachable_code::fragmentation_needed)
    return {};
  const auto view = *wire::Ipv4View::parse_quoted(quoted);
  return TooBig{message.mtu_v4(), view.total_length(), view.header_size()};
}

std::optional<ErrorReport> report_on_v4(Bytes packet) {
  const auto view = wire::Ipv4View::parse_quoted(packet);
  if (!view || view->offset() != 0 || view->payload().size() < quoted_octets) return {};
  return ErrorReport{.local = view->src(),
                     .remote = view->dst(),
                     .protocol = view->protocol(),
                     .transport = view->payload()};
}

std::optional<ErrorReport> report_on_v6(Bytes packet) {
  const auto view = wire::Ipv6View::parse_quoted(packet);
  if (!view) return {};
  wire::ExtensionWalker walker(view->next_header(), view->payload());
  while (walker.next()) {
  }
  if (walker.malformed() || walker.later_fragment() || walker.rest().size() < quoted_octets)
    return {};
  return ErrorReport{.local = view->src(),
                     .remote = view->dst(),
                     .protocol = walker.protocol(),
                     .transport = walker.rest()};
}

}  // namespace

std::string_view reason_not_to_answer(const Packet& packet, const Interface& interface,
                                      std::uint8_t type, std::uint8_t code) {
  return packet.family() == Family::v4 ? reason_v4(packet, interface)
                                       : reason_v6(packet, type, code);
}

std::size_t quote_size(Family family, std::size_t size) {
  const std::size_t limit = family == Family::v4 ? 576 - wire::Ipv4Header::size - IcmpHeader::size
                                                 : 1280 - wire::Ipv6Header::size - IcmpHeader::size;
  return std::min(size, limit);
}

std::optional<ErrorReport> read_error(Family family, const IcmpView& message,
                                      const Interface& interface, std::string_view& rule) {
  const Class kind = family == Family::v4 ? classify_v4(message) : classify_v6(message);
  if (kind == Class::ignored) {
    rule = rule::icmp_an_error_that_nothing_here_acts_on;
    return {};
  }
  auto report = report_on(message.body(), family);
  if (!report) {
    rule = rule::icmp_the_quoted_packet_is_too_short;
    return {};
  }
  if (!interface.is_ours(report->local)) {
    rule = rule::icmp_quotes_a_packet_that_was_not_ours;
    return {};
  }
  report->hard = kind == Class::hard;
  report->port_unreachable = is_port_unreachable(family, message);
  report->too_big = too_big(family, message);
  return report;
}

std::optional<ErrorReport> report_on(Bytes own_packet, Family family) {
  return family == Family::v4 ? report_on_v4(own_packet) : report_on_v6(own_packet);
}

}  // namespace tcproof::ip
