// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "checks/pattern.h"

namespace tcproof::checks {
namespace {

std::string_view kind_name(FramePattern::Kind kind) {
  using Kind = FramePattern::Kind;
  switch (kind) {
    case Kind::segment: return "segment";
    case Kind::udp: return "udp";
    case Kind::icmp: return "icmp";
    case Kind::icmpv6: return "icmpv6";
    case Kind::nd: return "nd";
    case Kind::arp: return "arp";
    case Kind::ip_payload: return "ip-payload";
    case Kind::ip_packet: return "ip-packet";
    case Kind::ethernet_frame: return "ethernet-frame";
  }
  return {};
}

/// The ICMP type that codes are named by, if it is a plain number.
std::optional<std::uint64_t> type_of(const std::vector<FieldPattern>& fields) {
  for (const FieldPattern& field : fields) {
    const bool is_type = field.field == wire::Field::icmp_type ||
                         field.field == wire::Field::icmpv6_type ||
                         field.field == wire::Field::nd_type;
    const Value* value = std::get_if<Value>(&field.value);
    if (!is_type || value == nullptr || value->kind != Value::Kind::sum ||
        value->low.terms.size() != 1)
      continue;
    const Term& term = value->low.terms[0];
    if (term.atom.kind == Atom::Kind::integer)
      return static_cast<std::uint64_t>(term.factor * term.atom.integer);
  }
  return {};
}

std::string print_field(const FieldPattern& field, std::optional<std::uint64_t> type) {
  if (const auto* exact = std::get_if<wire::FieldValue>(&field.value))
    return wire::print(field.field, *exact, type);
  const Value& value = std::get<Value>(field.value);
  const bool number = value.kind == Value::Kind::sum && value.low.terms.size() == 1 &&
                      value.low.terms[0].factor == 1 &&
                      value.low.terms[0].atom.kind == Atom::Kind::integer;
  if (!number) return print(value);
  return wire::print(field.field, static_cast<std::uint64_t>(value.low.terms[0].atom.integer),
                     type);
}

std::string print_data(const Payload& data) {
  if (data.pattern) return fmt::format(" data pattern {}", print(*data.pattern));
  const wire::Buffer octets = data.octets.value_or(wire::Buffer{});
  return fmt::format(" data {:02x}", fmt::join(octets, ""));
}

}  // namespace

std::string print(const FramePattern& pattern) {
  const bool segment = pattern.kind == FramePattern::Kind::segment;
  std::string text = segment ? print(pattern.segment) : std::string(kind_name(pattern.kind));
  const auto type = type_of(pattern.fields);
  for (const FieldPattern& field : pattern.fields) {
    const wire::FieldInfo& info = wire::info(field.field);
    // The layer is plain from the kind, unless the field belongs to one below.
    const bool own = wire::to_string(info.layer) == kind_name(pattern.kind);
    text += fmt::format(" {}{}{} {}", own ? "" : wire::to_string(info.layer), own ? "" : ".",
                        info.name, print_field(field, type));
  }
  if (pattern.quotes) {
    const auto* name = std::get_if<std::string>(&*pattern.quotes);
    text += name != nullptr ? " quotes $" + *name
                            : " quotes " + print(std::get<SegmentPattern>(*pattern.quotes));
  }
  if (pattern.quote_length) text += " quote-length " + print(*pattern.quote_length);
  if (pattern.data && !segment) text += print_data(*pattern.data);
  return text;
}

}  // namespace tcproof::checks
