// SPDX-License-Identifier: Apache-2.0
#include "harness/traffic/stream_reader.h"

#include <algorithm>
#include <array>
#include <fstream>

#include <fmt/format.h>

#include "checks/spelling.h"
#include "generator/signature.h"
#include "generator/template.h"
#include "harness/case/layer_family.h"
#include "harness/traffic/profile_reader.h"
#include "harness/traffic/value_reader.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/notation.h"

namespace tcproof::harness::loading {
namespace {

using generator::Field;
using generator::Per;
using generator::Variation;
using wire::Layer;

constexpr std::array<std::string_view, 17> stream_keys{
    "family", "segment", "eth",       "arp",      "ip",    "tcp",     "udp",  "icmp",    "icmpv6",
    "nd",     "flows",   "signature", "schedule", "count", "payload", "size", "duration"};
constexpr std::array<std::string_view, 2> family_words{"v4", "v6"};
constexpr std::array<std::string_view, 3> payload_keys{"hex", "pattern", "file"};
constexpr std::uint64_t most_flows = 10000000;
constexpr std::uint64_t most_packets = std::uint64_t{1} << 48;
constexpr std::size_t largest_payload = 65535;

// RFC 2544 C.2.2 and RFC 5180 5.3 set these networks aside for such traffic.
constexpr wire::IpAddress first_v4_source = wire::IpAddress::v4(198, 18, 0, 1);
const char* const first_v6_source = "2001:2::1";
constexpr std::uint64_t first_port = 1024, port_count = 64512;

/// The seven small, four middle and one large frame that routers are measured with, without the
/// frame check sequence.
const std::vector<std::uint64_t> imix{60, 590, 60, 60, 590, 60, 1514, 60, 590, 60, 590, 60};

wire::Buffer pattern() {
  wire::Buffer octets(251);
  for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::uint8_t>(i);
  return octets;
}

std::optional<Layer> upper_layer(const wire::FrameSpec& frame) {
  if (frame.tcp) return Layer::tcp;
  if (frame.udp) return Layer::udp;
  if (frame.icmp) return Layer::icmp;
  if (frame.icmpv6) return Layer::icmpv6;
  if (frame.nd) return Layer::nd;
  return {};
}

}  // namespace

std::optional<generator::Stream> StreamReader::read(const Entry& entry, std::uint16_t id) {
  const std::size_t before = problems_.size();
  stream_.name = entry.key;
  stream_.id = id;
  const Fields fields(entry.value, stream_keys, "a stream", problems_);
  if (!fields.is_mapping()) return std::nullopt;
  read_family(fields);
  stream_.frame.eth.emplace();
  read_segment(fields);
  read_layers(entry.value);
  fill_in();
  read_flows(fields);
  read_payload(fields);
  if (const Node* schedule = fields.find("schedule")) {
    stream_.schedule = read_schedule(*schedule, problems_).value_or(generator::Schedule{});
  }
  read_end(fields);
  if (problems_.size() != before) return std::nullopt;
  read_size(fields);
  read_signature(fields);
  if (problems_.size() != before) return std::nullopt;
  compile(entry, fields);
  if (problems_.size() != before) return std::nullopt;
  return std::move(stream_);
}

void StreamReader::read_family(const Fields& fields) {
  const Node* node = fields.find("family");
  if (node == nullptr) return;
  const auto text = text_of(*node, "'family'", problems_);
  if (!text) return;
  const auto chosen = choice_of(*node, *text, "family", family_words, problems_);
  if (chosen) family_ = static_cast<wire::Family>(*chosen);
}

void StreamReader::read_segment(const Fields& fields) {
  const Node* node = fields.find("segment");
  if (node == nullptr) return;
  const auto text = text_of(*node, "'segment'", problems_);
  if (!text) return;
  auto parsed = wire::parse_segment(*text, {});
  if (!parsed) {
    const wire::SyntaxError& error = parsed.error();
    problems_.add(place_in(*node, error.at, error.length), error.message, error.cure);
    return;
  }
  line_octets_ = parsed->payload.size();
  stream_.frame.tcp = std::move(parsed->tcp);
}

void StreamReader::read_layers(const Node& node) {
  std::optional<std::string_view> upper;
  if (node.find("segment") != nullptr) upper = "segment";
  for (const Layer layer : {Layer::eth, Layer::arp, Layer::ip, Layer::tcp, Layer::udp, Layer::icmp,
                            Layer::icmpv6, Layer::nd}) {
    const std::string_view name = wire::to_string(layer);
    const Entry* entry = node.find(name);
    if (entry == nullptr) continue;
    const bool is_upper = layer != Layer::eth && layer != Layer::ip;
    const bool of_segment = layer == Layer::tcp && upper == "segment";
    if (is_upper && upper && !of_segment) {
      problems_.add(entry->key_place, fmt::format("the stream has '{}' already", *upper),
                    "a packet has one of segment, tcp, udp, icmp, icmpv6, nd, arp");
      continue;
    }
    if (is_upper && !upper) upper = name;
    layers_[layer] = &entry->value;
    const bool v6_only = layer == Layer::icmpv6 || layer == Layer::nd;
    const bool v4_only = layer == Layer::icmp || layer == Layer::arp;
    if ((v6_only && family_ == wire::Family::v4) || (v4_only && family_ == wire::Family::v6)) {
      problems_.add(entry->key_place,
                    fmt::format("'{}' does not go with family {}", name, v6_only ? "v4" : "v6"));
      continue;
    }
  }
  if (!upper) {
    problems_.add(
        node.place.line == 0 || node.entries.empty() ? node.place : node.entries.front().key_place,
        "the stream does not say what it sends", "one of segment, tcp, udp, icmp, icmpv6, nd, arp");
    return;
  }
  // The layers are there before their fields: an empty `udp: {}` says enough.
  wire::FrameSpec& frame = stream_.frame;
  if (layers_.contains(Layer::arp)) frame.arp.emplace();
  if (!frame.arp) frame.ip.emplace();
  if (frame.ip) frame.ip->family = family_;
  if (layers_.contains(Layer::tcp) && !frame.tcp) frame.tcp.emplace();
  if (layers_.contains(Layer::udp)) frame.udp.emplace();
  if (layers_.contains(Layer::icmp)) frame.icmp.emplace();
  if (layers_.contains(Layer::icmpv6)) frame.icmpv6.emplace();
  if (layers_.contains(Layer::nd)) frame.nd.emplace();
  for (const auto& [layer, fields] : layers_) read_layer(*fields, layer);
}

void StreamReader::read_layer(const Node& node, Layer layer) {
  const std::string what = fmt::format("'{}'", wire::to_string(layer));
  const std::vector<std::string_view> names = Field::names(layer);
  const Fields fields(node, names, what, problems_);
  if (!fields.is_mapping()) return;
  if (layer == Layer::ip && !stream_.frame.ip) {
    problems_.add(node.place, "ARP has no IP header");
    return;
  }
  std::optional<std::uint64_t> icmp_type;
  const auto type = Field::find(layer, "type");
  const Entry* type_entry = node.find("type");
  if (type && layer != Layer::eth && type_entry != nullptr && type_entry->value.is_scalar()) {
    icmp_type = wire::number_of(*type->registered(), type_entry->value.text, std::nullopt);
    if (!icmp_type) icmp_type = parse_number(type_entry->value.text);
  }
  for (const Entry& entry : node.entries) {
    const auto field = Field::find(layer, entry.key);
    if (field) read_field(entry, *field, icmp_type);
  }
}

void StreamReader::read_field(const Entry& entry, const Field& field,
                              std::optional<std::uint64_t> icmp_type) {
  const Node& node = entry.value;
  const bool constant = node.is_scalar() && (node.text.find("..") == std::string::npos);
  if (constant) {
    read_constant(node, field, icmp_type);
    return;
  }
  if (!field.may_vary()) {
    problems_.add(entry.key_place,
                  fmt::format("'{}' cannot change from packet to packet", field.name()),
                  "make a stream for each of its values");
    return;
  }
  if (!field.present(stream_.frame)) {
    problems_.add(entry.key_place,
                  fmt::format("'{}' needs its option in the segment line", field.name()),
                  "for example S 0:0(0) <mss 1460>");
    return;
  }
  read_varying(node, field, icmp_type);
  field_places_.push_back(entry.key_place);
}

void StreamReader::read_constant(const Node& node, const Field& field,
                                 std::optional<std::uint64_t> icmp_type) {
  using Kind = Field::Kind;
  if (field.kind() == Kind::checksum && node.text == "bad") {
    wire::set(stream_.frame, *field.registered(), wire::BadChecksum{});
    return;
  }
  if (field.kind() == Kind::octets) {
    const auto octets = read_octets(node, fmt::format("'{}'", field.name()), problems_);
    if (octets) wire::set(stream_.frame, *field.registered(), *octets);
    return;
  }
  if (field.kind() == Kind::prefix) {
    const auto prefix = wire::parse_prefix(node.text);
    if (prefix) wire::set(stream_.frame, *field.registered(), *prefix);
    if (!prefix) problems_.add(node.place, fmt::format("'{}' is no prefix", node.text));
    return;
  }
  const auto number =
      read_field_number(field, family_, icmp_type, node.text, node.place, problems_);
  if (!number) return;
  if (!field.present(stream_.frame)) {
    problems_.add(node.place,
                  fmt::format("'{}' needs its option in the segment line", field.name()));
    return;
  }
  if (field.kind() == Kind::ip) {
    wire::set(stream_.frame, *field.registered(), *wire::parse_ip(node.text));
  } else {
    field.set(stream_.frame, *number);
  }
}

void StreamReader::read_varying(const Node& node, const Field& field,
                                std::optional<std::uint64_t> icmp_type) {
  // Of an IPv6 address 64 bits vary: the others are the first one's, and every one's.
  std::optional<wire::IpAddress> first;
  const ReadNumber number = [&](std::string_view text,
                                const Place& place) -> std::optional<std::uint64_t> {
    const auto value = read_field_number(field, family_, icmp_type, text, place, problems_);
    if (!value || field.kind() != Field::Kind::ip) return value;
    const wire::IpAddress address = *wire::parse_ip(text);
    if (!first) first = address;
    const bool same =
        std::equal(address.octets.begin(), address.octets.begin() + 8, first->octets.begin());
    if (same || address.family == wire::Family::v4) return value;
    problems_.add(place, "the addresses of a stream share their first 64 bits",
                  "make a second stream");
    return std::nullopt;
  };
  const unsigned bits = field.bits(family_of(field.layer(), family_));
  const std::uint64_t largest = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  auto how = read_variation(node, fmt::format("'{}'", field.name()), number, largest, problems_);
  if (!how) return;
  if (first) wire::set(stream_.frame, *field.registered(), *first);
  stream_.fields.push_back({field, std::move(*how)});
}

/// What nobody named has the values of `tcproof gen`'s own pair.
void StreamReader::fill_in() {
  const TrafficEnds ends;
  wire::FrameSpec& frame = stream_.frame;
  if (!frame.eth->dst) frame.eth->dst = ends.receiver_mac;
  if (!frame.eth->src) frame.eth->src = ends.sender_mac;
  const bool v4 = family_ == wire::Family::v4;
  const auto address = [v4](const char* four, const char* six) {
    return wire::parse_ip(v4 ? four : six);
  };
  if (frame.ip) {
    if (!frame.ip->src) frame.ip->src = address("192.0.2.1", "2001:db8::1");
    if (!frame.ip->dst) frame.ip->dst = address("192.0.2.2", "2001:db8::2");
  }
  if (frame.tcp) {
    if (!frame.tcp->src_port) frame.tcp->src_port = 1024;
    if (!frame.tcp->dst_port) frame.tcp->dst_port = 80;
    if (!line_octets_ && !frame.tcp->window) frame.tcp->window = 65535;
  }
  if (frame.udp) {
    if (!frame.udp->src_port) frame.udp->src_port = 1024;
    if (!frame.udp->dst_port) frame.udp->dst_port = 9;  // discard
  }
  if (frame.arp) {
    if (!frame.arp->sha) frame.arp->sha = frame.eth->src;
    if (!frame.arp->spa) frame.arp->spa = wire::parse_ip("192.0.2.1");
    if (!frame.arp->tpa) frame.arp->tpa = wire::parse_ip("192.0.2.2");
  }
}

/// So many flows differ in what the profile says `per: flow`, else in source port and address.
void StreamReader::read_flows(const Fields& fields) {
  const Node* node = fields.find("flows");
  if (node == nullptr) return;
  stream_.flows = number_of(*node, "'flows'", 1, most_flows, problems_).value_or(1);
  const auto per_flow = [](const generator::VaryingField& field) {
    return field.how.per == Per::flow;
  };
  if (std::any_of(stream_.fields.begin(), stream_.fields.end(), per_flow)) return;
  if (!stream_.frame.ip) {
    problems_.add(node->place, "flows differ in addresses or ports, and ARP has neither",
                  "say what changes with `per: flow`");
    return;
  }
  const auto upper = upper_layer(stream_.frame);
  const auto named = [this](Layer layer, std::string_view name) {
    return layers_.contains(layer) && layers_[layer]->find(name) != nullptr;
  };
  std::uint64_t per_address = 1;
  if ((upper == Layer::tcp || upper == Layer::udp) && !named(*upper, "src-port")) {
    stream_.fields.push_back({*Field::find(*upper, "src-port"),
                              {.kind = Variation::Kind::increment,
                               .per = Per::flow,
                               .from = first_port,
                               .count = port_count}});
    field_places_.push_back(node->place);
    per_address = port_count;
  }
  if (named(Layer::ip, "src")) {
    if (per_address < stream_.flows) {
      problems_.add(node->place, fmt::format("one source address has only {} ports", per_address),
                    "leave out ip 'src', or say what changes with `per: flow`");
    }
    return;
  }
  if (stream_.flows <= per_address) return;
  const wire::IpAddress first =
      family_ == wire::Family::v4 ? first_v4_source : *wire::parse_ip(first_v6_source);
  stream_.frame.ip->src = first;
  stream_.fields.push_back({Field(wire::Field::ip_src),
                            {.kind = Variation::Kind::increment,
                             .per = Per::flow,
                             .from = generator::number_of(first),
                             .every = per_address}});
  field_places_.push_back(node->place);
}

void StreamReader::read_payload(const Fields& fields) {
  stream_.payload = pattern();
  const Node* node = fields.find("payload");
  if (node == nullptr) return;
  auto payload = payload_of(*node);
  if (!payload) return;
  if (!payload_octets_) payload_octets_ = payload->size();
  if (!payload->empty()) stream_.payload = std::move(*payload);
  if (line_octets_.value_or(0) != 0 && *line_octets_ != *payload_octets_) {
    problems_.add(node->place, fmt::format("the payload has {} octets, the segment line says {}",
                                           *payload_octets_, *line_octets_));
  }
}

std::optional<wire::Buffer> StreamReader::payload_of(const Node& node) {
  if (node.is_scalar()) return wire::Buffer(node.text.begin(), node.text.end());
  const std::size_t before = problems_.size();
  const Fields fields(node, payload_keys, "'payload'", problems_);
  if (!fields.is_mapping() || problems_.size() != before) return std::nullopt;
  if (node.entries.size() != 1) {
    problems_.add(node.place, "'payload' is text, { hex: .. }, { pattern: N } or { file: .. }");
    return std::nullopt;
  }
  if (const Node* hex = fields.find("hex")) return read_octets(*hex, "'hex'", problems_);
  if (const Node* file = fields.find("file")) return payload_file(*file);
  const auto octets =
      number_of(*fields.find("pattern"), "'pattern'", 0, largest_payload, problems_);
  if (!octets) return std::nullopt;
  payload_octets_ = *octets;
  return pattern();
}

std::optional<wire::Buffer> StreamReader::payload_file(const Node& node) {
  const auto name = text_of(node, "'file'", problems_);
  if (!name) return std::nullopt;
  std::ifstream file(defaults_.folder / *name, std::ios::binary);
  wire::Buffer octets(largest_payload + 1);
  file.read(reinterpret_cast<char*>(octets.data()), static_cast<std::streamsize>(octets.size()));
  const auto got = static_cast<std::size_t>(file.gcount());
  if (got == 0 || got > largest_payload) {
    problems_.add(node.place,
                  got == 0 ? fmt::format("cannot read '{}', or it is empty", *name)
                           : fmt::format("'{}' has more than {} octets", *name, largest_payload),
                  "files are looked for beside the profile");
    return std::nullopt;
  }
  octets.resize(got);
  return octets;
}

void StreamReader::read_size(const Fields& fields) {
  const std::size_t header = generator::header_size(stream_);
  const Node* node = fields.find("size");
  if (node == nullptr) {
    std::size_t octets = payload_octets_.value_or(line_octets_.value_or(0));
    // Without a word about it a datagram has room for a signature.
    if (!payload_octets_ && stream_.frame.udp) octets = generator::signature::size;
    stream_.size = Variation::constant(header + octets);
    check_sizes(fields.find("payload"));
    return;
  }
  if (node->is_scalar() && node->text == "imix") {
    stream_.size = {.kind = Variation::Kind::list, .values = imix};
  } else {
    static constexpr std::uint64_t largest = largest_payload + wire::EthernetHeader::size;
    const ReadNumber number = [this](std::string_view text,
                                     const Place& place) -> std::optional<std::uint64_t> {
      const auto size = parse_number(text);
      if (size && *size >= wire::EthernetHeader::size && *size <= largest) return size;
      problems_.add(place,
                    fmt::format("a frame has {} to {} octets, not '{}'", wire::EthernetHeader::size,
                                largest, text),
                    "or 'imix'");
      return std::nullopt;
    };
    const auto how = read_variation(*node, "'size'", number, largest, problems_);
    if (!how) return;
    stream_.size = *how;
  }
  check_sizes(node);
}

void StreamReader::check_sizes(const Node* size) {
  static const Node nowhere;
  const Place place = size != nullptr ? size->place : nowhere.place;
  const Variation& how = stream_.size;
  if (how.kind == Variation::Kind::increment && how.count == 0) {
    problems_.add(place, "sizes that grow for ever", "a range LOW..HIGH, or increment with count");
    return;
  }
  const generator::Bounds bounds = generator::bounds_of(how);
  const std::uint64_t most = defaults_.mtu + wire::EthernetHeader::size;
  if (bounds.high > most) {
    problems_.add(place,
                  fmt::format("a frame of {} octets is over the MTU of {}, and nothing is "
                              "fragmented here",
                              bounds.high, defaults_.mtu),
                  fmt::format("frames have at most {} octets, or set 'mtu' for the profile", most));
  }
  if (line_octets_.value_or(0) == 0 || size == nullptr || payload_octets_) return;
  const std::size_t header = generator::header_size(stream_);
  if (how.is_constant() && bounds.high == header + *line_octets_) return;
  problems_.add(place, fmt::format("the segment line says {} octets of payload", *line_octets_),
                "with 'size' it says (0)");
}

void StreamReader::read_signature(const Fields& fields) {
  const std::uint64_t smallest = generator::bounds_of(stream_.size).low;
  const bool room = smallest >= generator::header_size(stream_) + generator::signature::size;
  const Node* node = fields.find("signature");
  stream_.signed_ = room && stream_.frame.ip.has_value();
  if (node == nullptr) return;
  stream_.signed_ = boolean_of(*node, "'signature'", problems_).value_or(false);
  if (stream_.signed_ && !room) {
    problems_.add(node->place, "a signature needs 18 octets of payload in every packet");
  }
}

void StreamReader::read_end(const Fields& fields) {
  if (const Node* count = fields.find("count")) {
    stream_.count = number_of(*count, "'count'", 1, most_packets, problems_);
  }
  if (const Node* duration = fields.find("duration")) {
    stream_.duration = read_duration(*duration, "'duration'", problems_);
  }
  if (stream_.count || stream_.duration) return;
  stream_.count = defaults_.count;
  stream_.duration = defaults_.duration;
}

/// Whatever else cannot be sent is found by making the stream ready to be sent.
void StreamReader::compile(const Entry& entry, const Fields& fields) {
  const auto compiled = generator::CompiledStream::compile(stream_);
  if (compiled) return;
  const generator::CompileError& error = compiled.error();
  Place place = entry.key_place;
  if (const Node* size = fields.find("size"); size != nullptr && !error.field) place = size->place;
  if (error.field && *error.field < field_places_.size()) place = field_places_[*error.field];
  problems_.add(place, error.message);
}

}  // namespace tcproof::harness::loading
