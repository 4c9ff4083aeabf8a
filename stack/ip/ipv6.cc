// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/ipv6.h"

#include "stack/ip/rules.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/numbers.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace tcproof::ip {
namespace {

using wire::Bytes;
using wire::ExtensionView;
using wire::ExtensionWalker;
using wire::Family;
using wire::IpAddress;
using wire::Ipv6Header;
using wire::Ipv6View;
namespace protocol = wire::ip_protocol;
namespace problem = wire::parameter_problem_v6_code;

constexpr std::uint8_t incomplete_chain = 3;  // parameter problem code, RFC 7112 5
constexpr std::uint8_t next_header_field = 6, payload_length_field = 4;

bool is_our_group(const IpAddress& dst, const Interface& interface) {
  if (!dst.is_multicast()) return false;
  const std::uint8_t scope = dst.octets[1] & 15;
  IpAddress all_nodes{Family::v6, {0xff, scope}};
  all_nodes.octets[15] = 1;
  if (dst == all_nodes && (scope == 1 || scope == 2)) return true;
  return dst == wire::solicited_node(interface.v6->address);
}

/// Of what is no IPv6 packet.
std::string_view why_unreadable(Bytes octets) {
  const bool wrong_version = !octets.empty() && octets[0] >> 4 != 6;
  if (wrong_version) return rule::ipv6_the_version_is_not_6;
  return rule::ipv6_the_length_does_not_fit_what_came;
}

std::string_view bad_address(const Ipv6View& view, const Interface& interface) {
  const IpAddress src = view.src();
  if (!interface.is_ours(view.dst()) && !is_our_group(view.dst(), interface))
    return rule::ipv6_not_for_us;
  if (!interface.has(Family::v6) && !view.dst().is_multicast())
    return rule::ipv6_address_not_ours_yet;
  if (src.is_multicast()) return rule::ipv6_from_a_multicast_address;
  if (src.is_loopback()) return rule::ipv6_from_the_loopback_address;
  return {};
}

/// One walk over the extension headers of a packet: each header is a step that may end it.
class Walk {
 public:
  Walk(const Ipv6View& view, Arrival& arrival)
      : view_(view), arrival_(arrival), walker_(view.next_header(), view.payload()) {}

  void run() {
    bool first = true;
    while (const auto extension = walker_.next()) {
      if (!take(*extension, first) || arrival_.fragment) return;
      first = false;
    }
    if (walker_.malformed()) return drop(rule::ipv6_an_extension_header_beyond_the_end);
    arrival_.packet.protocol = walker_.protocol();
    arrival_.packet.payload = walker_.rest();
    arrival_.packet.next_header_at = at_protocol();
    if (walker_.protocol() == protocol::no_next_header) drop(rule::ipv6_no_next_header);
  }

 private:
  void drop(std::string_view rule) { arrival_.dropped = rule; }
  bool refuse(std::string_view rule, std::uint8_t code, std::size_t pointer) {
    arrival_.dropped = rule;
    arrival_.answer = wire::IcmpHeader{wire::icmpv6_type::parameter_problem, code, 0,
                                       static_cast<std::uint32_t>(pointer)};
    return false;
  }
  /// Where the octet stands that named the current header.
  std::size_t at_protocol() const {
    const auto at = walker_.next_header_at();
    return at ? Ipv6Header::size + *at : next_header_field;
  }

  bool take(const ExtensionView& extension, bool first) {
    switch (extension.type) {
      case protocol::hop_by_hop:
        // RFC 8200 4.1: only right behind the IPv6 header; elsewhere a zero is an unknown next
        // header.
        if (first) return options(extension);
        return refuse(rule::ipv6_hop_by_hop_options_not_in_front, problem::next_header,
                      previous_next_header_);
      case protocol::destination: return options(extension);
      case protocol::routing: return routing(extension);
      case protocol::fragment: return fragment(extension);
      default: return true;
    }
  }

  /// RFC 8200 4.2: the two highest bits of an option's type say what to do with who does not know
  /// it.
  bool options(const ExtensionView& extension) {
    remember(extension);
    const Bytes raw = extension.raw;
    for (std::size_t at = 2; at < raw.size();) {
      const std::uint8_t type = raw[at];
      if (type == 0) {  // Pad1
        ++at;
        continue;
      }
      const std::size_t pointer = Ipv6Header::size + extension.offset + at;
      if (at + 2 > raw.size() || at + 2 + raw[at + 1] > raw.size())
        return refuse(rule::ipv6_an_option_beyond_its_header, problem::header_field, pointer + 1);
      const unsigned action = type >> 6;
      const bool known = type == 1;  // PadN
      if (!known && action != 0) return unknown_option(action, pointer);
      at += 2 + std::size_t{raw[at + 1]};
    }
    return true;
  }

  bool unknown_option(unsigned action, std::size_t pointer) {
    refuse(rule::ipv6_an_unknown_option_that_forbids_to_go_on, problem::option, pointer);
    const bool silent = action == 1 || (action == 3 && view_.dst().is_multicast());
    if (silent) arrival_.answer.reset();
    return false;
  }

  /// RFC 8200 4.4: no routing type is known here, so only a header that is used up may pass.
  bool routing(const ExtensionView& extension) {
    remember(extension);
    if (extension.raw[3] == 0) return true;
    return refuse(rule::ipv6_a_routing_header_with_segments_left, problem::header_field,
                  Ipv6Header::size + extension.offset + 2);
  }

  bool fragment(const ExtensionView& extension) {
    remember(extension);
    const auto header = *wire::FragmentView::parse(extension.raw);
    const std::size_t data_at = extension.offset + extension.raw.size();
    const Bytes data = view_.payload().subspan(data_at);
    arrival_.packet.fragmented = true;
    // RFC 6946 4: an atomic fragment is a whole packet, whatever else carries its identification.
    if (header.offset() == 0 && !header.more()) return true;
    if (header.more() && data.size() % 8 != 0)
      return refuse(rule::ipv6_a_fragment_whose_length_is_no_multiple_of_8, problem::header_field,
                    payload_length_field);
    if (header.offset() + data.size() > Reassembler::max_payload)
      return refuse(rule::ipv6_the_packet_would_be_longer_than_65535_octets, problem::header_field,
                    Ipv6Header::size + extension.offset + 2);
    if (header.offset() == 0 && !chain_is_complete(header.next_header(), data))
      return refuse(rule::ipv6_the_first_fragment_lacks_headers, incomplete_chain, 0);
    arrival_.packet.protocol = header.next_header();
    arrival_.packet.payload = data;
    arrival_.fragment = Fragment{.key = {view_.src(), view_.dst(), header.id(), 0},
                                 .offset = header.offset(),
                                 .more = header.more(),
                                 .head = view_.packet().first(Ipv6Header::size + data_at),
                                 .data = data,
                                 .packet = view_.packet()};
    return true;
  }

  static bool chain_is_complete(std::uint8_t next_header, Bytes data) {
    ExtensionWalker walker(next_header, data);
    while (walker.next()) {
    }
    if (walker.malformed()) return false;
    switch (walker.protocol()) {
      case protocol::tcp: return walker.rest().size() >= wire::TcpHeader::size;
      case protocol::udp: return walker.rest().size() >= wire::UdpHeader::size;
      case protocol::icmpv6: return walker.rest().size() >= wire::IcmpHeader::size;
      default: return true;
    }
  }

  void remember(const ExtensionView& extension) {
    previous_next_header_ = Ipv6Header::size + extension.offset;
  }

  const Ipv6View& view_;
  Arrival& arrival_;
  ExtensionWalker walker_;
  std::size_t previous_next_header_ = next_header_field;
};

}  // namespace

Arrival receive_v6(Bytes octets, const Interface& interface, bool link_group) {
  Arrival arrival;
  const auto view = Ipv6View::parse(octets);
  if (!view) {
    arrival.dropped = why_unreadable(octets);
    return arrival;
  }
  arrival.dropped = bad_address(*view, interface);
  if (!arrival.dropped.empty()) return arrival;
  arrival.packet = {.src = view->src(),
                    .dst = view->dst(),
                    .protocol = view->next_header(),
                    .ttl = view->hop_limit(),
                    .tos = view->traffic_class(),
                    .group = link_group || view->dst().is_multicast(),
                    .next_header_at = next_header_field,
                    .payload = view->payload(),
                    .whole = view->packet()};
  Walk(*view, arrival).run();
  return arrival;
}

bool seal_v6(wire::Buffer& packet) {
  const auto view = Ipv6View::parse_quoted(packet);
  if (!view) return false;
  ExtensionWalker walker(view->next_header(), wire::Bytes(packet).subspan(Ipv6Header::size));
  std::size_t named_at = next_header_field;
  while (const auto extension = walker.next()) {
    const std::size_t at = Ipv6Header::size + extension->offset;
    if (extension->type != protocol::fragment) {
      named_at = at;
      continue;
    }
    const std::size_t length = packet.size() - Ipv6Header::size - wire::FragmentView::size;
    if (length > 65535) return false;
    packet[named_at] = extension->next;
    const auto first = packet.begin() + static_cast<std::ptrdiff_t>(at);
    packet.erase(first, first + wire::FragmentView::size);
    wire::put16(packet, payload_length_field, static_cast<std::uint16_t>(length));
    return true;
  }
  return false;
}

}  // namespace tcproof::ip
