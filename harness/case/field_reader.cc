// SPDX-License-Identifier: Apache-2.0
#include "harness/case/field_reader.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "checks/spelling.h"
#include "harness/case/fields.h"
#include "harness/case/layer_family.h"
#include "harness/case/payload_reader.h"
#include "harness/case/segment_reader.h"
#include "stack/wire/field.h"

namespace tcproof::harness::loading {

namespace {

using FieldContent = decltype(checks::FieldPattern::value);

/// One field that is being read.
struct FieldPlace {
  const wire::FieldInfo& field;
  Scalar text;
  Use use;
  std::optional<std::uint64_t> icmp_type;  // what a code's name depends on
};

bool begins_like_a_value(std::string_view text) {
  const char c = text.empty() ? ' ' : text[0];
  return (c >= '0' && c <= '9') || c == '_' || c == '$' || c == '@' || c == '<' || c == '>' ||
         c == '-' || (c >= 'A' && c <= 'Z');
}

void unknown_name(const FieldPlace& at, Reading& reading) {
  std::vector<std::string_view> names;
  for (std::uint64_t number = 0; number < 256; ++number) {
    const std::string_view name = wire::name_of(at.field.field, number, at.icmp_type);
    if (!name.empty()) names.push_back(name);
  }
  const std::string otherwise =
      names.empty() ? "it takes a number"
                    : fmt::format("it takes a number, or {}", fmt::join(names, ", "));
  reading.problems.add(at.text.whole, fmt::format("unknown {} '{}'", at.field.name, at.text.text),
                       checks::did_you_mean(at.text.text, names, otherwise));
}

/// A settled number must fit its field: a wrong value is sent as it is, one that cannot be sent is
/// a slip.
bool fits(const checks::Value& value, const FieldPlace& at, Reading& reading) {
  const auto number = integer_of(value);
  if (!number || at.field.bits >= 63) return true;
  const std::int64_t limit = (std::int64_t{1} << at.field.bits) - 1;
  if (*number >= 0 && *number <= limit) return true;
  reading.problems.add(at.text.whole,
                       fmt::format("'{}' is 0 to {}, not {}", at.field.name, limit, *number));
  return false;
}

std::optional<FieldContent> read_number(const FieldPlace& at, Reading& reading) {
  if (const auto named = wire::number_of(at.field.field, at.text.text, at.icmp_type)) {
    return checks::Value{
        checks::Value::Kind::sum, checks::Sum::of(static_cast<std::int64_t>(*named)), {}};
  }
  if (!begins_like_a_value(at.text.text)) {
    unknown_name(at, reading);
    return std::nullopt;
  }
  const auto value = reading.values.value(at.text, at.use);
  if (!value || !fits(*value, at, reading)) return std::nullopt;
  return *value;
}

std::optional<FieldContent> read_boolean(const FieldPlace& at, Reading& reading) {
  if (at.text.text == "true") return wire::FieldValue{std::uint64_t{1}};
  if (at.text.text == "false") return wire::FieldValue{std::uint64_t{0}};
  reading.problems.add(at.text.whole,
                       fmt::format("'{}' is true or false, not '{}'", at.field.name, at.text.text));
  return std::nullopt;
}

std::optional<FieldContent> read_mac(const FieldPlace& at, Reading& reading) {
  if (at.text.text == "broadcast") return wire::FieldValue{wire::mac_broadcast};
  if (const auto* host = reading.network.find_host(at.text.text))
    return wire::FieldValue{host->mac};
  if (const auto mac = wire::parse_mac(at.text.text)) return wire::FieldValue{*mac};
  reading.problems.add(at.text.whole,
                       fmt::format("'{}' is neither a host nor a MAC address", at.text.text),
                       "hosts are those of the topology; a MAC address is \"02:00:00:00:00:01\"");
  return std::nullopt;
}

std::optional<FieldContent> read_ip(const FieldPlace& at, Reading& reading) {
  const wire::Family family = family_of(at.field.layer, reading.family);
  const std::string_view name = family == wire::Family::v4 ? "IPv4" : "IPv6";
  if (at.text.text == "broadcast" && family == wire::Family::v4) {
    return wire::FieldValue{wire::ipv4_broadcast};
  }
  if (const auto host = reading.network.host_id(at.text.text)) {
    if (const auto address = reading.network.address(*host, family))
      return wire::FieldValue{*address};
    reading.problems.add(at.text.whole, fmt::format("'{}' has no {} address", at.text.text, name));
    return std::nullopt;
  }
  const auto address = wire::parse_ip(at.text.text);
  if (address && address->family == family) return wire::FieldValue{*address};
  reading.problems.add(at.text.whole,
                       fmt::format("'{}' is neither a host nor an {} address", at.text.text, name),
                       "hosts are those of the topology");
  return std::nullopt;
}

std::optional<FieldContent> read_prefix(const FieldPlace& at, Reading& reading) {
  if (const auto prefix = wire::parse_prefix(at.text.text)) return wire::FieldValue{*prefix};
  reading.problems.add(at.text.whole, fmt::format("'{}' is no prefix", at.text.text),
                       "a prefix is \"2001:db8::/64\"");
  return std::nullopt;
}

std::optional<FieldContent> read_content(const FieldPlace& at, const Node& node, Reading& reading) {
  if (at.text.text == "_") {
    if (at.use == Use::expected) return checks::Value{};
    reading.problems.add(at.text.whole, "what is sent is written out: '_' stands here for nothing",
                         "leave the field out for its right value");
    return std::nullopt;
  }
  switch (at.field.kind) {
    case wire::FieldKind::number: return read_number(at, reading);
    case wire::FieldKind::boolean: return read_boolean(at, reading);
    case wire::FieldKind::checksum:
      if (at.text.text == "bad") return wire::FieldValue{wire::BadChecksum{}};
      return read_number(at, reading);
    case wire::FieldKind::mac: return read_mac(at, reading);
    case wire::FieldKind::ip: return read_ip(at, reading);
    case wire::FieldKind::prefix: return read_prefix(at, reading);
    case wire::FieldKind::octets: {
      const auto octets = read_hex(node, fmt::format("'{}'", at.field.name), reading);
      if (!octets) return std::nullopt;
      return wire::FieldValue{*octets};
    }
  }
  return std::nullopt;
}

/// The type of an ICMP message, which the names of its codes depend on.
std::optional<std::uint64_t> type_of(const Node& node, wire::Layer layer, Reading& reading) {
  const wire::FieldInfo* field = wire::find_field(layer, "type");
  const Entry* entry = node.find("type");
  if (field == nullptr || layer == wire::Layer::eth || entry == nullptr) return std::nullopt;
  if (!entry->value.is_scalar()) return std::nullopt;
  const Scalar text = reading.scope.expand(entry->value);
  if (const auto named = wire::number_of(field->field, text.text, std::nullopt)) return named;
  return parse_number(text.text);
}

/// Names of the fields that a case may write; an ND code has none.
std::vector<std::string_view> names_of(wire::Layer layer) {
  std::vector<std::string_view> names;
  for (const wire::FieldInfo& field : wire::all_fields()) {
    if (field.layer == layer && field.field != wire::Field::nd_code) names.push_back(field.name);
  }
  return names;
}

}  // namespace

void read_fields(const Node& node, wire::Layer layer, std::span<const std::string_view> others,
                 Use use, Reading& reading, checks::FramePattern& frame) {
  std::vector<std::string_view> allowed = names_of(layer);
  allowed.insert(allowed.end(), others.begin(), others.end());
  const std::string what = fmt::format("'{}'", wire::to_string(layer));
  const Fields fields(node, allowed, what, reading.problems);
  if (!fields.is_mapping()) return;
  const auto type = type_of(node, layer, reading);
  for (const Entry& entry : node.entries) {
    const wire::FieldInfo* field = wire::find_field(layer, entry.key);
    const bool other = std::find(others.begin(), others.end(), entry.key) != others.end();
    if (other || field == nullptr || field->field == wire::Field::nd_code) continue;
    const auto text = reading.scalar(entry.value, fmt::format("'{}'", entry.key));
    if (!text) continue;
    auto content = read_content({*field, *text, use, type}, entry.value, reading);
    if (content) frame.fields.push_back({field->field, std::move(*content)});
  }
}

namespace {

struct NamedExtension {
  std::string_view name;
  std::uint8_t type;
  wire::Buffer body;
};

/// The shortest right body of each: PadN (RFC 8200 4.2), a routing header with nothing left to
/// visit (4.4), an atomic fragment (4.5).
std::vector<NamedExtension> known_extensions() {
  return {{"hop-by-hop", 0, {1, 4, 0, 0, 0, 0}},
          {"destination", 60, {1, 4, 0, 0, 0, 0}},
          {"routing", 43, {0, 0, 0, 0, 0, 0}},
          {"fragment", 44, {0, 0, 0, 0, 0, 0, 0}}};
}

std::optional<wire::Extension> read_extension(const Node& node, Reading& reading) {
  const auto known = known_extensions();
  std::vector<std::string_view> names;
  for (const NamedExtension& extension : known) names.push_back(extension.name);
  if (node.is_scalar()) {
    const auto index = read_word(node, "extension header", names, reading);
    if (!index) return std::nullopt;
    return wire::Extension{known[*index].type, known[*index].body};
  }
  const std::size_t before = reading.problems.size();
  const Fields fields(node, names, "an extension header", reading.problems);
  if (!fields.is_mapping() || reading.problems.size() != before) return std::nullopt;
  if (node.entries.size() != 1) {
    reading.problems.add(node.place, "an extension header is a name, or { NAME: hex }");
    return std::nullopt;
  }
  const Entry& entry = node.entries.front();
  const auto body = read_hex(entry.value, fmt::format("'{}'", entry.key), reading);
  if (!body) return std::nullopt;
  for (const NamedExtension& extension : known) {
    if (extension.name == entry.key) return wire::Extension{extension.type, *body};
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<wire::Extension>> read_extensions(const Node& node, Reading& reading) {
  if (!node.is_sequence()) {
    wrong_kind(node, "'extensions'", "a list; [] is none", reading.problems);
    return std::nullopt;
  }
  std::vector<wire::Extension> extensions;
  for (const Node& item : node.items) {
    auto extension = read_extension(item, reading);
    if (!extension) return std::nullopt;
    extensions.push_back(std::move(*extension));
  }
  return extensions;
}

}  // namespace tcproof::harness::loading
