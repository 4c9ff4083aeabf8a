// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "stack/wire/field.h"
#include "stack/wire/notation.h"
#include "stack/wire/numbers.h"

namespace tcproof::wire {

namespace {

std::string print_size(const FrameSpec& frame) {
  return fmt::format(" ({})", frame.payload.size());
}

std::string print_arp(const ArpSpec& arp) {
  const std::uint16_t op = arp.op.value_or(arp_op::request);
  const IpAddress none;
  const std::string spa = to_string(arp.spa.value_or(none));
  const std::string tpa = to_string(arp.tpa.value_or(none));
  if (op == arp_op::request) return fmt::format("arp request {} tell {}", tpa, spa);
  const std::string sha = to_string(arp.sha.value_or(MacAddress{}));
  if (op == arp_op::reply) return fmt::format("arp reply {} is-at {}", spa, sha);
  return fmt::format("arp op {} {} is-at {} asks {}", op, spa, sha, tpa);
}

bool is_shown(const FrameSpec& frame, Field field, const FieldValue& value) {
  switch (field) {
    case Field::icmp_type:
    case Field::icmp_code:
    case Field::icmp_checksum:
    case Field::icmpv6_type:
    case Field::icmpv6_code:
    case Field::icmpv6_checksum:
    case Field::nd_type:
    case Field::nd_code:
    case Field::nd_checksum: return false;
    // An unreachable has room for an MTU that only one of its codes fills.
    case Field::icmp_mtu: return value != FieldValue(std::uint64_t{0});
    // Options are shown by what they say, as octets only if nothing could be read from them.
    case Field::nd_options:
      return !frame.nd->source_lla && !frame.nd->target_lla && !frame.nd->mtu &&
             !frame.nd->prefix && value != FieldValue(Buffer{});
    default: return true;
  }
}

/// `unreachable port`, then the other fields of the layer with their names.
std::string print_message(const FrameSpec& frame, Layer layer, Field type_field, Field code_field) {
  std::optional<std::uint64_t> type;
  if (const auto value = get(frame, type_field)) type = std::get<std::uint64_t>(*value);
  std::string out = fmt::format("{} {}", to_string(layer),
                                type ? print(type_field, *type, {}) : std::string("default"));
  if (const auto code = get(frame, code_field)) {
    const std::uint64_t number = std::get<std::uint64_t>(*code);
    const std::string_view name = name_of(code_field, number, type);
    if (!name.empty()) {
      out += fmt::format(" {}", name);
    } else if (number != 0) {
      out += fmt::format(" code {}", number);
    }
  }
  for (const FieldInfo& field : all_fields()) {
    if (field.layer != layer) continue;
    const auto value = get(frame, field.field);
    if (!value || !is_shown(frame, field.field, *value)) continue;
    if (field.kind != FieldKind::boolean) {
      out += fmt::format(" {} {}", field.name, print(field.field, *value, type));
    } else if (std::get<std::uint64_t>(*value) != 0) {
      out += fmt::format(" {}", field.name);
    }
  }
  return frame.payload.empty() ? out : out + print_size(frame);
}

std::string print_ip(const FrameSpec& frame) {
  const IpSpec& ip = *frame.ip;
  std::string out = ip.family == Family::v4 ? "ipv4" : "ipv6";
  if (frame.is_fragment()) {
    out += fmt::format(" fragment {}@{}{} id {}", frame.payload.size(), ip.offset.value_or(0),
                       ip.mf.value_or(false) ? "+" : "", ip.id.value_or(0));
  }
  if (ip.protocol) out += fmt::format(" protocol {}", *ip.protocol);
  return frame.is_fragment() ? out : out + print_size(frame);
}

}  // namespace

std::string print_frame(const FrameSpec& frame, SegmentBase base) {
  if (frame.tcp) return print_segment(frame, base).text;
  if (frame.udp) {
    return fmt::format("udp {} > {}{}", frame.udp->src_port.value_or(0),
                       frame.udp->dst_port.value_or(0), print_size(frame));
  }
  if (frame.icmp) return print_message(frame, Layer::icmp, Field::icmp_type, Field::icmp_code);
  if (frame.icmpv6)
    return print_message(frame, Layer::icmpv6, Field::icmpv6_type, Field::icmpv6_code);
  if (frame.nd) return print_message(frame, Layer::nd, Field::nd_type, Field::nd_code);
  if (frame.arp) return print_arp(*frame.arp);
  if (frame.ip) return print_ip(frame);
  if (frame.eth && frame.eth->type)
    return fmt::format("ethernet 0x{:04x}{}", *frame.eth->type, print_size(frame));
  return fmt::format("octets{}", print_size(frame));
}

}  // namespace tcproof::wire
