// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/ipv4.h"

#include "stack/wire/ipv4.h"
#include "stack/wire/numbers.h"

namespace tcproof::ip {
namespace {

using wire::Bytes;
using wire::IpAddress;
using wire::Ipv4View;

const IpAddress all_systems = IpAddress::v4(224, 0, 0, 1);

constexpr std::uint8_t option_end = 0, option_nop = 1, loose_source_route = 131,
                       strict_source_route = 137;

/// Why Ipv4View refused `octets`.
std::string_view malformed(Bytes octets) {
  if (octets.size() < wire::Ipv4Header::size) return "drop: ipv4, shorter than a header";
  if (octets[0] >> 4 != 4) return "drop: ipv4, the version is not 4, RFC 1122 3.2.1.1";
  if ((octets[0] & 15) < 5) return "drop: ipv4, the header length is below 20, RFC 791 3.1";
  return "drop: ipv4, the length does not fit what came, RFC 791 3.1";
}

std::string_view bad_source(const IpAddress& src, const Interface& interface) {
  if (src.is_multicast()) return "drop: ipv4, from a multicast address, RFC 1122 3.2.1.3";
  if (interface.is_broadcast(src)) return "drop: ipv4, from a broadcast address, RFC 1122 3.2.1.3";
  if (src.is_loopback()) return "drop: ipv4, from a loopback address, RFC 1122 3.2.1.3";
  if (src.octets[0] >= 240) return "drop: ipv4, from a class E address, RFC 1122 3.2.1.3";
  if (interface.is_ours(src)) return "drop: ipv4, from our own address";
  return {};
}

bool is_group(const IpAddress& dst, const Interface& interface) {
  return interface.is_broadcast(dst) || dst.is_multicast();
}

/// Walks the options. Sets `arrival.dropped` and the parameter problem if they do not add up (RFC
/// 1122
/// 3.2.2.5); an option that nobody knows is passed over (RFC 1122 3.2.1.8).
void check_options(const Ipv4View& view, Arrival& arrival) {
  const Bytes options = view.options();
  for (std::size_t at = 0; at < options.size();) {
    const std::uint8_t kind = options[at];
    if (kind == option_end) return;
    if (kind == option_nop) {
      ++at;
      continue;
    }
    const std::size_t length = at + 1 < options.size() ? options[at + 1] : 0;
    if (length < 2 || at + length > options.size()) {
      const auto pointer = static_cast<std::uint32_t>(wire::Ipv4Header::size + at + 1);
      arrival.dropped = "drop: ipv4, an option of wrong length, RFC 1122 3.2.1.8";
      arrival.answer = wire::IcmpHeader{wire::icmp_type::parameter_problem, 0, 0, pointer << 24};
      return;
    }
    const bool source_route = kind == loose_source_route || kind == strict_source_route;
    if (source_route && length >= 3 && options[at + 2] <= length) {
      arrival.dropped = "drop: ipv4, a source route that goes on from here, RFC 1122 3.3.5";
      arrival.answer = wire::IcmpHeader{wire::icmp_type::unreachable,
                                        wire::unreachable_code::source_route_failed, 0, 0};
      return;
    }
    at += length;
  }
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
  if (!view->header_checksum_ok()) return drop("drop: ipv4, bad header checksum, RFC 1122 3.2.1.2");
  const IpAddress src = view->src();
  const IpAddress dst = view->dst();
  const bool ip_group = is_group(dst, interface);
  if (!ip_group && !interface.is_ours(dst)) return drop("drop: ipv4, not for us, RFC 1122 3.2.1.3");
  if (dst.is_multicast() && dst != all_systems)
    return drop("drop: ipv4, a group we have not joined, RFC 1122 3.2.1.3");
  if (link_group && !ip_group)
    return drop("drop: ipv4, a link-layer broadcast for one host, RFC 1122 3.3.6");
  if (const std::string_view rule = bad_source(src, interface); !rule.empty()) return drop(rule);
  arrival.packet = {.src = src,
                    .dst = dst,
                    .protocol = view->protocol(),
                    .ttl = view->ttl(),
                    .group = ip_group || link_group,
                    .fragmented = view->is_fragment(),
                    .payload = view->payload(),
                    .whole = view->packet()};
  check_options(*view, arrival);
  if (!arrival.dropped.empty() || !view->is_fragment()) return arrival;
  if (view->mf() && view->payload().size() % 8 != 0)
    return drop("drop: ipv4, a fragment whose length is no multiple of 8, RFC 791 3.2");
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
