// SPDX-License-Identifier: Apache-2.0
#include "stack/wire/field.h"

#include <array>
#include <cassert>
#include <type_traits>

namespace tcproof::wire {

namespace {

// What a case can name follows from the types of the specs: a field is a member pointer to a layer
// of FrameSpec and one to a member of the layer; kind, reading and writing come from the member's
// type.

template <class T>
struct Held {  // the members that are no optional
  using type = T;
};
template <class T>
struct Held<std::optional<T>> {
  using type = T;
};

template <class Member>
constexpr FieldKind kind_of() {
  using T = typename Held<Member>::type;
  if constexpr (std::is_same_v<T, bool>) {
    return FieldKind::boolean;
  } else if constexpr (std::is_same_v<T, ChecksumSpec>) {
    return FieldKind::checksum;
  } else if constexpr (std::is_same_v<T, MacAddress>) {
    return FieldKind::mac;
  } else if constexpr (std::is_same_v<T, IpAddress>) {
    return FieldKind::ip;
  } else if constexpr (std::is_same_v<T, IpPrefix>) {
    return FieldKind::prefix;
  } else if constexpr (std::is_same_v<T, Buffer>) {
    return FieldKind::octets;
  } else {
    static_assert(std::is_unsigned_v<T>);
    return FieldKind::number;
  }
}

template <class T>
FieldValue value_of(const T& held) {
  if constexpr (std::is_unsigned_v<T>) {
    return FieldValue(std::in_place_type<std::uint64_t>, held);
  } else if constexpr (std::is_same_v<T, ChecksumSpec>) {
    if (const auto* number = std::get_if<std::uint16_t>(&held)) return std::uint64_t{*number};
    return BadChecksum{};
  } else {
    return held;
  }
}

template <class T>
T held_in(const FieldValue& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return std::get<std::uint64_t>(value) != 0;
  } else if constexpr (std::is_unsigned_v<T>) {
    return static_cast<T>(std::get<std::uint64_t>(value));
  } else if constexpr (std::is_same_v<T, ChecksumSpec>) {
    if (std::holds_alternative<BadChecksum>(value)) return BadChecksum{};
    return static_cast<std::uint16_t>(std::get<std::uint64_t>(value));
  } else {
    return std::get<T>(value);
  }
}

struct Access {
  std::optional<FieldValue> (*get)(const FrameSpec&);
  void (*set)(FrameSpec&, const FieldValue&);
};

struct Entry {
  FieldInfo info;
  Access access;
};

template <auto LayerMember, auto Member>
std::optional<FieldValue> get_member(const FrameSpec& frame) {
  const auto& layer = frame.*LayerMember;
  if (!layer) return {};
  const auto& member = (*layer).*Member;
  if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, Buffer>) {
    return value_of(member);
  } else {
    if (!member) return {};
    return value_of(*member);
  }
}

template <auto LayerMember, auto Member>
void set_member(FrameSpec& frame, const FieldValue& value) {
  auto& layer = frame.*LayerMember;
  if (!layer) layer.emplace();
  auto& member = (*layer).*Member;
  member = held_in<typename Held<std::remove_cvref_t<decltype(member)>>::type>(value);
}

template <auto LayerMember, auto Member>
constexpr Entry entry(Field field, Layer layer, std::string_view name, std::uint8_t bits) {
  using LayerSpec = typename Held<std::remove_cvref_t<decltype(FrameSpec{}.*LayerMember)>>::type;
  using MemberType = std::remove_cvref_t<decltype(LayerSpec{}.*Member)>;
  return {{field, layer, name, kind_of<MemberType>(), bits},
          {get_member<LayerMember, Member>, set_member<LayerMember, Member>}};
}

constexpr auto eth = &FrameSpec::eth;
constexpr auto arp = &FrameSpec::arp;
constexpr auto ip = &FrameSpec::ip;
constexpr auto tcp = &FrameSpec::tcp;
constexpr auto udp = &FrameSpec::udp;
constexpr auto icmp = &FrameSpec::icmp;
constexpr auto icmpv6 = &FrameSpec::icmpv6;
constexpr auto nd = &FrameSpec::nd;

// clang-format off
constexpr std::array entries{
    entry<eth, &EthernetSpec::dst>(Field::eth_dst, Layer::eth, "dst", 48),
    entry<eth, &EthernetSpec::src>(Field::eth_src, Layer::eth, "src", 48),
    entry<eth, &EthernetSpec::type>(Field::eth_type, Layer::eth, "type", 16),
    entry<arp, &ArpSpec::htype>(Field::arp_htype, Layer::arp, "htype", 16),
    entry<arp, &ArpSpec::ptype>(Field::arp_ptype, Layer::arp, "ptype", 16),
    entry<arp, &ArpSpec::hlen>(Field::arp_hlen, Layer::arp, "hlen", 8),
    entry<arp, &ArpSpec::plen>(Field::arp_plen, Layer::arp, "plen", 8),
    entry<arp, &ArpSpec::op>(Field::arp_op, Layer::arp, "op", 16),
    entry<arp, &ArpSpec::sha>(Field::arp_sha, Layer::arp, "sha", 48),
    entry<arp, &ArpSpec::spa>(Field::arp_spa, Layer::arp, "spa", 32),
    entry<arp, &ArpSpec::tha>(Field::arp_tha, Layer::arp, "tha", 48),
    entry<arp, &ArpSpec::tpa>(Field::arp_tpa, Layer::arp, "tpa", 32),
    entry<ip, &IpSpec::version>(Field::ip_version, Layer::ip, "version", 4),
    entry<ip, &IpSpec::ihl>(Field::ip_ihl, Layer::ip, "ihl", 4),
    entry<ip, &IpSpec::tos>(Field::ip_tos, Layer::ip, "tos", 8),
    entry<ip, &IpSpec::dscp>(Field::ip_dscp, Layer::ip, "dscp", 6),
    entry<ip, &IpSpec::ecn>(Field::ip_ecn, Layer::ip, "ecn", 2),
    entry<ip, &IpSpec::length>(Field::ip_length, Layer::ip, "length", 17),
    entry<ip, &IpSpec::id>(Field::ip_id, Layer::ip, "id", 32),
    entry<ip, &IpSpec::reserved>(Field::ip_reserved, Layer::ip, "reserved", 1),
    entry<ip, &IpSpec::df>(Field::ip_df, Layer::ip, "df", 1),
    entry<ip, &IpSpec::mf>(Field::ip_mf, Layer::ip, "mf", 1),
    entry<ip, &IpSpec::offset>(Field::ip_offset, Layer::ip, "offset", 16),
    entry<ip, &IpSpec::ttl>(Field::ip_ttl, Layer::ip, "ttl", 8),
    entry<ip, &IpSpec::protocol>(Field::ip_protocol, Layer::ip, "protocol", 8),
    entry<ip, &IpSpec::checksum>(Field::ip_checksum, Layer::ip, "checksum", 16),
    entry<ip, &IpSpec::src>(Field::ip_src, Layer::ip, "src", 128),
    entry<ip, &IpSpec::dst>(Field::ip_dst, Layer::ip, "dst", 128),
    entry<ip, &IpSpec::flow>(Field::ip_flow, Layer::ip, "flow", 20),
    entry<ip, &IpSpec::options>(Field::ip_options, Layer::ip, "options", 0),
    entry<tcp, &TcpSpec::checksum>(Field::tcp_checksum, Layer::tcp, "checksum", 16),
    entry<tcp, &TcpSpec::offset>(Field::tcp_offset, Layer::tcp, "offset", 4),
    entry<tcp, &TcpSpec::reserved>(Field::tcp_reserved, Layer::tcp, "reserved", 3),
    entry<udp, &UdpSpec::length>(Field::udp_length, Layer::udp, "length", 16),
    entry<udp, &UdpSpec::checksum>(Field::udp_checksum, Layer::udp, "checksum", 16),
    entry<icmp, &IcmpSpec::type>(Field::icmp_type, Layer::icmp, "type", 8),
    entry<icmp, &IcmpSpec::code>(Field::icmp_code, Layer::icmp, "code", 8),
    entry<icmp, &IcmpSpec::checksum>(Field::icmp_checksum, Layer::icmp, "checksum", 16),
    entry<icmp, &IcmpSpec::id>(Field::icmp_id, Layer::icmp, "id", 16),
    entry<icmp, &IcmpSpec::seq>(Field::icmp_seq, Layer::icmp, "seq", 16),
    entry<icmp, &IcmpSpec::mtu>(Field::icmp_mtu, Layer::icmp, "mtu", 16),
    entry<icmp, &IcmpSpec::pointer>(Field::icmp_pointer, Layer::icmp, "pointer", 8),
    entry<icmp, &IcmpSpec::gateway>(Field::icmp_gateway, Layer::icmp, "gateway", 32),
    entry<icmp, &IcmpSpec::originate>(Field::icmp_originate, Layer::icmp, "originate", 32),
    entry<icmp, &IcmpSpec::receive>(Field::icmp_receive, Layer::icmp, "receive", 32),
    entry<icmp, &IcmpSpec::transmit>(Field::icmp_transmit, Layer::icmp, "transmit", 32),
    entry<icmpv6, &IcmpSpec::type>(Field::icmpv6_type, Layer::icmpv6, "type", 8),
    entry<icmpv6, &IcmpSpec::code>(Field::icmpv6_code, Layer::icmpv6, "code", 8),
    entry<icmpv6, &IcmpSpec::checksum>(Field::icmpv6_checksum, Layer::icmpv6, "checksum", 16),
    entry<icmpv6, &IcmpSpec::id>(Field::icmpv6_id, Layer::icmpv6, "id", 16),
    entry<icmpv6, &IcmpSpec::seq>(Field::icmpv6_seq, Layer::icmpv6, "seq", 16),
    entry<icmpv6, &IcmpSpec::mtu>(Field::icmpv6_mtu, Layer::icmpv6, "mtu", 32),
    entry<icmpv6, &IcmpSpec::pointer>(Field::icmpv6_pointer, Layer::icmpv6, "pointer", 32),
    entry<nd, &NdSpec::type>(Field::nd_type, Layer::nd, "type", 8),
    entry<nd, &NdSpec::code>(Field::nd_code, Layer::nd, "code", 8),
    entry<nd, &NdSpec::checksum>(Field::nd_checksum, Layer::nd, "checksum", 16),
    entry<nd, &NdSpec::target>(Field::nd_target, Layer::nd, "target", 128),
    entry<nd, &NdSpec::destination>(Field::nd_destination, Layer::nd, "destination", 128),
    entry<nd, &NdSpec::router>(Field::nd_router, Layer::nd, "router", 1),
    entry<nd, &NdSpec::solicited>(Field::nd_solicited, Layer::nd, "solicited", 1),
    entry<nd, &NdSpec::override_>(Field::nd_override, Layer::nd, "override", 1),
    entry<nd, &NdSpec::source_lla>(Field::nd_source_lla, Layer::nd, "source-lla", 48),
    entry<nd, &NdSpec::target_lla>(Field::nd_target_lla, Layer::nd, "target-lla", 48),
    entry<nd, &NdSpec::lifetime>(Field::nd_lifetime, Layer::nd, "lifetime", 16),
    entry<nd, &NdSpec::hop_limit>(Field::nd_hop_limit, Layer::nd, "hop-limit", 8),
    entry<nd, &NdSpec::mtu>(Field::nd_mtu, Layer::nd, "mtu", 32),
    entry<nd, &NdSpec::prefix>(Field::nd_prefix, Layer::nd, "prefix", 128),
    entry<nd, &NdSpec::options>(Field::nd_options, Layer::nd, "options", 0),
};
// clang-format on

constexpr std::size_t field_count = static_cast<std::size_t>(Field::nd_options) + 1;

constexpr auto infos = [] {
  std::array<FieldInfo, entries.size()> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = entries[i].info;
  return out;
}();

constexpr bool in_order() {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (static_cast<std::size_t>(entries[i].info.field) != i) return false;
  }
  return entries.size() == field_count;
}
static_assert(in_order(), "the table lists every field once, in the order of the enumeration");

const Entry& at(Field field) {
  return entries[static_cast<std::size_t>(field)];
}

/// tos and its parts are one octet: each can be read whichever of them was set.
std::optional<FieldValue> get_tos(const FrameSpec& frame, Field field) {
  if (!frame.ip) return {};
  const IpSpec& spec = *frame.ip;
  const bool whole = spec.tos || (spec.dscp && spec.ecn);
  std::uint64_t tos = spec.tos.value_or(0);
  if (spec.dscp) tos = (tos & 3) | static_cast<std::uint64_t>(*spec.dscp & 63) << 2;
  if (spec.ecn) tos = (tos & 0xfc) | (*spec.ecn & 3u);
  if (field == Field::ip_dscp && (whole || spec.dscp)) return tos >> 2;
  if (field == Field::ip_ecn && (whole || spec.ecn)) return tos & 3;
  if (field == Field::ip_tos && whole) return tos;
  return {};
}

}  // namespace

const FieldInfo& info(Field field) {
  return infos[static_cast<std::size_t>(field)];
}

std::span<const FieldInfo> all_fields() {
  return infos;
}

const FieldInfo* find_field(Layer layer, std::string_view name) {
  for (const FieldInfo& candidate : infos) {
    if (candidate.layer == layer && candidate.name == name) return &candidate;
  }
  return nullptr;
}

std::string_view to_string(Layer layer) {
  switch (layer) {
    case Layer::eth: return "eth";
    case Layer::arp: return "arp";
    case Layer::ip: return "ip";
    case Layer::tcp: return "tcp";
    case Layer::udp: return "udp";
    case Layer::icmp: return "icmp";
    case Layer::icmpv6: return "icmpv6";
    case Layer::nd: return "nd";
  }
  assert(false);
  return {};
}

std::optional<FieldValue> get(const FrameSpec& frame, Field field) {
  if (field == Field::ip_tos || field == Field::ip_dscp || field == Field::ip_ecn)
    return get_tos(frame, field);
  return at(field).access.get(frame);
}

void set(FrameSpec& frame, Field field, const FieldValue& value) {
  at(field).access.set(frame, value);
}

}  // namespace tcproof::wire
