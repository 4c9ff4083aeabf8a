// SPDX-License-Identifier: Apache-2.0
#include "harness/case/frame_reader.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "checks/spelling.h"
#include "harness/case/field_reader.h"
#include "harness/case/fields.h"
#include "harness/case/payload_reader.h"
#include "harness/case/segment_reader.h"
#include "stack/wire/field.h"

namespace tcproof::harness::loading {

namespace {

using Kind = checks::FramePattern::Kind;

struct FrameKey {
  std::string_view name;
  Kind kind;
  std::optional<wire::Layer> layer;  // empty: the value is octets
};
constexpr std::array<FrameKey, 8> frame_keys{{
    {"udp", Kind::udp, wire::Layer::udp},
    {"icmp", Kind::icmp, wire::Layer::icmp},
    {"icmpv6", Kind::icmpv6, wire::Layer::icmpv6},
    {"nd", Kind::nd, wire::Layer::nd},
    {"arp", Kind::arp, wire::Layer::arp},
    {"ip-payload", Kind::ip_payload, std::nullopt},
    {"ip-packet", Kind::ip_packet, std::nullopt},
    {"ethernet-frame", Kind::ethernet_frame, std::nullopt},
}};
constexpr std::array<std::string_view, 8> frame_names{
    "udp", "icmp", "icmpv6", "nd", "arp", "ip-payload", "ip-packet", "ethernet-frame"};

std::span<const std::string_view> others_of(Kind kind) {
  static constexpr std::array<std::string_view, 3> icmp{"data", "quotes", "quote-length"};
  static constexpr std::array<std::string_view, 1> udp{"data"};
  if (kind == Kind::icmp || kind == Kind::icmpv6) return icmp;
  if (kind == Kind::udp) return udp;
  return {};
}

/// `$saved` or a segment line of the target.
std::optional<checks::Quote> read_quote(const Node& node, const Node& parent, Use use,
                                        Reading& reading) {
  const auto text = reading.scalar(node, "'quotes'");
  if (!text) return std::nullopt;
  if (text->text.rfind('$', 0) == 0 && text->text.find(' ') == std::string::npos) {
    const std::string name = text->text.substr(1);
    if (reading.scope.is_saved(name)) return name;
    reading.problems.add(text->whole, fmt::format("no frame is saved as '{}'", name),
                         "'save' in an earlier send or expect names a frame");
    return std::nullopt;
  }
  // The quoted segment is the target's, so its numbers stand for what an expectation's stand for.
  auto segment = read_segment(node, parent, Use::expected, reading);
  if (!segment) return std::nullopt;
  if (use == Use::sent && (integer_of(segment->count) == std::nullopt)) {
    reading.problems.add(text->whole, "a quoted segment has its numbers written out");
    return std::nullopt;
  }
  return *segment;
}

void read_others(const Node& node, Use use, Reading& reading, checks::FramePattern& frame) {
  if (const Entry* data = node.find("data")) {
    frame.data = read_payload(data->value, use, reading);
  }
  if (const Entry* quotes = node.find("quotes")) {
    frame.quotes = read_quote(quotes->value, node, use, reading);
    if (node.find("data") != nullptr) {
      reading.problems.add(quotes->key_place,
                           "'quotes' and 'data' both say what follows the header", "leave one out");
    }
  }
  if (const Entry* length = node.find("quote-length")) {
    const auto text = reading.scalar(length->value, "'quote-length'");
    if (text) frame.quote_length = reading.values.value(*text, use);
  }
}

/// Which family's frames a case may speak of is decided by its addresses.
void check_family(const Entry& entry, Kind kind, Reading& reading) {
  const bool v6 = reading.family == wire::Family::v6;
  if ((kind == Kind::icmp && v6) || ((kind == Kind::icmpv6 || kind == Kind::nd) && !v6)) {
    reading.problems.add(entry.key_place,
                         fmt::format("'{}' is of {}, and this is a case with ip={}", entry.key,
                                     v6 ? "IPv4" : "IPv6", v6 ? "v6" : "v4"),
                         "narrow the matrix, or write two cases");
  }
}

bool read_keyed(const Node& node, Use use, Reading& reading, checks::FramePattern& frame) {
  const std::size_t before = reading.problems.size();
  const Fields fields(node, frame_names, "a frame", reading.problems);
  if (reading.problems.size() != before) return false;
  if (node.entries.size() != 1) {
    const Place place = node.entries.empty() ? node.place : node.entries[1].key_place;
    reading.problems.add(place, "a frame has one key, its innermost protocol",
                         fmt::format("one of {}", fmt::join(frame_names, ", ")));
    return false;
  }
  const Entry& entry = node.entries.front();
  for (const FrameKey& key : frame_keys) {
    if (key.name != entry.key) continue;
    frame.kind = key.kind;
    check_family(entry, key.kind, reading);
    if (key.layer) {
      read_fields(entry.value, *key.layer, others_of(key.kind), use, reading, frame);
      if (entry.value.is_mapping()) read_others(entry.value, use, reading, frame);
    } else {
      frame.data = read_payload(entry.value, use, reading);
    }
  }
  return reading.problems.size() == before;
}

/// Modifiers that the frame has no room for.
void check_room(const Node& step, const checks::FramePattern& frame, Reading& reading) {
  const auto refuse = [&](std::string_view key, std::string_view why) {
    if (const Entry* entry = step.find(key)) {
      reading.problems.add(entry->key_place, fmt::format("'{}' has no place here: {}", key, why));
    }
  };
  if (frame.kind != Kind::segment) refuse("tcp", "the frame is no TCP segment");
  const bool no_ip = frame.kind == Kind::arp || frame.kind == Kind::ethernet_frame;
  if (no_ip) {
    refuse("ip", "the frame has no IP header of its own");
    refuse("fragments", "the frame has no IP header of its own");
  }
  if (frame.kind == Kind::ip_packet) {
    refuse("ip", "the packet is written out with its header");
    refuse("fragments", "the packet is written out with its header");
  }
  if (frame.kind == Kind::ethernet_frame) refuse("eth", "the frame is written out with its header");
}

void check_payload_size(const Node& data, const checks::FramePattern& frame, Reading& reading) {
  if (frame.kind != Kind::segment || !frame.data) return;
  const auto count = integer_of(frame.segment.count);
  const auto size = size_of(*frame.data);
  if (!count || !size || *count == *size) return;
  Place place = data.place;
  if (!data.is_scalar()) place.length = 1;
  reading.problems.add(place, fmt::format("the data has {} octets, the segment {}", *size, *count));
}

void read_modifiers(const Node& step, Use use, Reading& reading, checks::FramePattern& frame) {
  static constexpr std::array<std::string_view, 1> extensions{"extensions"};
  check_room(step, frame, reading);
  if (const Entry* ip = step.find("ip")) {
    read_fields(ip->value, wire::Layer::ip, extensions, use, reading, frame);
    if (const Entry* list = ip->value.find("extensions")) {
      frame.extensions = read_extensions(list->value, reading);
    }
  }
  if (const Entry* eth = step.find("eth")) {
    read_fields(eth->value, wire::Layer::eth, {}, use, reading, frame);
  }
  if (const Entry* tcp = step.find("tcp")) {
    read_fields(tcp->value, wire::Layer::tcp, {}, use, reading, frame);
  }
  if (const Entry* data = step.find("data")) {
    if (frame.data) {
      reading.problems.add(data->key_place, "the frame has its 'data' already");
    } else {
      frame.data = read_payload(data->value, use, reading);
      check_payload_size(data->value, frame, reading);
    }
  }
  if (const Entry* fragments = step.find("fragments")) {
    frame.fragments = read_fragments(fragments->value, use, reading);
  }
}

}  // namespace

std::optional<checks::FramePattern> read_frame(const Node& node, const Node& parent,
                                               const Node* step, Use use, Reading& reading) {
  checks::FramePattern frame;
  const std::size_t before = reading.problems.size();
  if (node.is_mapping()) {
    read_keyed(node, use, reading, frame);
  } else if (node.is_scalar()) {
    auto segment = read_segment(node, parent, use, reading);
    if (segment) frame.segment = std::move(*segment);
  } else {
    wrong_kind(node, "a step", "a segment, or a frame such as { udp: { .. } }", reading.problems);
  }
  if (step != nullptr) read_modifiers(*step, use, reading, frame);
  if (reading.problems.size() != before) return std::nullopt;
  return frame;
}

}  // namespace tcproof::harness::loading
