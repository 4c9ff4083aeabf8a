// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/ipv4.h"

#include "stack/ip/options_v4.h"
#include "stack/ip/rules.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/numbers.h"

namespace tcproof::ip {
namespace {

using wire::Bytes;
using wire::IpAddress;
using wire::Ipv4View;

const IpAddress all_systems = IpAddress::v4(224, 0, 0, 1);

/// Why Ipv4View refused `octets`.
std::string_view malformed(Bytes octets) {
  if (octets.size() < wire::Ipv4Header::size) return rule::ipv4_shorter_than_a_header;
  if (octets[0] >> 4 != 4) return rule::ipv4_the_version_is_not_4;
  if ((octets[0] & 15) < 5) return rule::ipv4_the_header_length_is_below_20;
  return rule::ipv4_the_length_does_not_fit_what_came;
}

std::string_view bad_source(const IpAddress& src, const Interface& interface) {
  if (src.is_multicast()) return rule::ipv4_from_a_multicast_address;
  if (interface.is_broadcast(src)) return rule::ipv4_from_a_broadcast_address;
  if (src.is_loopback()) return rule::ipv4_from_a_loopback_address;
  if (src.octets[0] >= 240) return rule::ipv4_from_a_class_e_address;
  if (interface.is_ours(src)) return rule::ipv4_from_our_own_address;
  return {};
}

bool is_group(const IpAddress& dst, const Interface& interface) {
  return interface.is_broadcast(dst) || dst.is_multicast();
}

Fragment fragment_of(const Ipv4View& view) {
  return {.key = {view.src(), view.dst(), view.id(), view.protocol()},
          .offset = view.offset(),
          .more = view.mf(),
          .head = view.packet().first(view.header_size()),
          .data = view.payload(),
          .packet = view.packet()};
}

}  // namespace

Arrival receive_v4(Bytes octets, const Interface& interface, bool link_group) {
  Arrival arrival;
  const auto drop = [&](std::string_view rule) {
    arrival.dropped = rule;
    return arrival;
  };
  const auto view = Ipv4View::parse(octets);
  if (!view) return drop(malformed(octets));
  if (!view->header_checksum_ok()) return drop(rule::ipv4_bad_header_checksum);
  const IpAddress src = view->src();
  const IpAddress dst = view->dst();
  const bool ip_group = is_group(dst, interface);
  if (!ip_group && !interface.is_ours(dst)) return drop(rule::ipv4_not_for_us);
  if (dst.is_multicast() && dst != all_systems) return drop(rule::ipv4_a_group_we_have_not_joined);
  if (link_group && !ip_group) return drop(rule::ipv4_a_link_layer_broadcast_for_one_host);
  if (const std::string_view rule = bad_source(src, interface); !rule.empty()) return drop(rule);
  arrival.packet = {.src = src,
                    .dst = dst,
                    .protocol = view->protocol(),
                    .ttl = view->ttl(),
                    .tos = view->tos(),
                    .group = ip_group || link_group,
                    .fragmented = view->is_fragment(),
                    .options = view->options(),
                    .payload = view->payload(),
                    .whole = view->packet()};
  if (const auto fault = check_options(view->options())) {
    arrival.answer = fault->answer;
    return drop(fault->rule);
  }
  if (!view->is_fragment()) return arrival;
  if (view->mf() && view->payload().size() % 8 != 0)
    return drop(rule::ipv4_a_fragment_whose_length_is_no_multiple_of_8);
  arrival.fragment = fragment_of(*view);
  return arrival;
}

bool seal_v4(wire::MutableBytes packet) {
  if (packet.size() > 65535) return false;
  const std::size_t header = std::size_t{packet[0] & 15U} * 4;
  wire::put16(packet, 2, static_cast<std::uint16_t>(packet.size()));
  wire::put16(packet, 6, 0);
  wire::put_ipv4_checksum(packet.first(header));
  return true;
}

}  // namespace tcproof::ip
