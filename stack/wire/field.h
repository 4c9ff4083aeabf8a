// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "stack/wire/frame.h"

namespace tcproof::wire {

enum class Layer : std::uint8_t { eth, arp, ip, tcp, udp, icmp, icmpv6, nd };

/// Every header field that a case or a traffic profile can name, one registry for all: the loader
/// finds it by name, the renderer sets it, the judge reads it.
enum class Field : std::uint8_t {
  // clang-format off
  eth_dst, eth_src, eth_type,
  arp_htype, arp_ptype, arp_hlen, arp_plen, arp_op, arp_sha, arp_spa, arp_tha, arp_tpa,
  ip_version, ip_ihl, ip_tos, ip_dscp, ip_ecn, ip_length, ip_id, ip_reserved, ip_df,
  ip_mf, ip_offset, ip_ttl, ip_protocol, ip_checksum, ip_src, ip_dst, ip_flow, ip_options,
  tcp_checksum, tcp_offset, tcp_reserved,
  udp_length, udp_checksum,
  icmp_type, icmp_code, icmp_checksum, icmp_id, icmp_seq, icmp_mtu, icmp_pointer, icmp_gateway,
  icmp_originate, icmp_receive, icmp_transmit,
  icmpv6_type, icmpv6_code, icmpv6_checksum, icmpv6_id, icmpv6_seq, icmpv6_mtu, icmpv6_pointer,
  nd_type, nd_code, nd_checksum, nd_target, nd_destination, nd_router, nd_solicited, nd_override,
  nd_source_lla, nd_target_lla, nd_lifetime, nd_hop_limit, nd_mtu, nd_prefix, nd_options,
  // clang-format on
};

enum class FieldKind : std::uint8_t { number, boolean, checksum, mac, ip, prefix, octets };

/// A field's value: number and boolean as an integer, a checksum as a number or BadChecksum.
using FieldValue =
    std::variant<std::uint64_t, BadChecksum, MacAddress, IpAddress, IpPrefix, Buffer>;

struct FieldInfo {
  Field field;
  Layer layer;
  std::string_view name;  // as case files write it: "ttl", "source-lla"
  FieldKind kind;
  std::uint8_t bits;  // width of a number on the wire
};

const FieldInfo& info(Field field);
std::span<const FieldInfo> all_fields();
const FieldInfo* find_field(Layer layer, std::string_view name);
std::string_view to_string(Layer layer);

/// The value in `frame`; empty if the layer is absent or the field unset.
std::optional<FieldValue> get(const FrameSpec& frame, Field field);
/// Sets the field, making its layer if absent. The kind of `value` fits the field's.
void set(FrameSpec& frame, Field field, const FieldValue& value);

/// The number behind a name: icmp type `unreachable` is 3, ip ecn `ce` is 3, arp op `reply` is 2.
/// `type` is the frame's ICMP type where a code depends on it (empty: any code of that name).
std::optional<std::uint64_t> number_of(Field field, std::string_view name,
                                       std::optional<std::uint64_t> type);
/// The name of a number, for printing; empty if it has none.
std::string_view name_of(Field field, std::uint64_t value, std::optional<std::uint64_t> type);

/// As case files write it: 64, 0x0800 for eth type and arp ptype, names where there are any.
std::string print(Field field, const FieldValue& value, std::optional<std::uint64_t> type);

}  // namespace tcproof::wire
