// SPDX-License-Identifier: Apache-2.0
#include "checks/match.h"

#include <algorithm>

#include <fmt/format.h>

#include "checks/case.h"

namespace tcproof::checks {
namespace {

using Part = wire::SegmentPart;

Mismatch at_part(Part part, std::string what) {
  return {part, std::move(what)};
}
Mismatch elsewhere(std::string what) {
  return {{}, std::move(what)};
}

std::string trimmed_flags(wire::TcpFlags flags) {
  std::string text = wire::print(flags);
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

std::optional<std::uint64_t> icmp_type_of(const wire::FrameSpec& frame) {
  if (frame.icmp && frame.icmp->type) return *frame.icmp->type;
  if (frame.icmpv6 && frame.icmpv6->type) return *frame.icmpv6->type;
  if (frame.nd && frame.nd->type) return *frame.nd->type;
  return {};
}

std::string_view kind_of(const wire::FrameSpec& frame) {
  if (frame.tcp) return "a TCP segment";
  if (frame.udp) return "a UDP datagram";
  if (frame.icmp) return "an ICMP message";
  if (frame.icmpv6) return "an ICMPv6 message";
  if (frame.nd) return "a neighbour discovery message";
  if (frame.arp) return "an ARP packet";
  return "another frame";
}

/// What the checksum field would hold if it were right but for its lowest bit.
std::optional<wire::FieldValue> bad_checksum(wire::FrameSpec frame, wire::Field field) {
  wire::set(frame, field, wire::FieldValue(wire::BadChecksum{}));
  return wire::get(wire::dissect(wire::emit(frame)), field);
}

}  // namespace

std::optional<std::string> difference(wire::Bytes actual, wire::Bytes expected) {
  const std::size_t common = std::min(actual.size(), expected.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (actual[i] != expected[i]) {
      return fmt::format("octet {} is {:02x}, expected {:02x}", i, actual[i], expected[i]);
    }
  }
  if (actual.size() == expected.size()) return {};
  return fmt::format("{} octets, expected {}", actual.size(), expected.size());
}

bool Matcher::fits(const Value& value, std::int64_t actual, Side side, Compare compare) {
  const std::string* name = value.lone_name();
  if (name != nullptr && !scope_.binding(*name)) {
    scope_.fresh.emplace(*name, actual);
    return true;
  }
  return holds(value, actual, scope_, side, compare);
}

std::string Matcher::shown(const Value& value, Side side) const {
  const auto number_of = [&](const Sum& sum) {
    const auto number = evaluate(sum, scope_, side);
    return number ? fmt::format("{}", *number) : print(sum) + ", which has no value";
  };
  switch (value.kind) {
    case Value::Kind::any: return "_";
    case Value::Kind::sum: return number_of(value.low);
    case Value::Kind::range: return number_of(value.low) + ".." + number_of(value.high);
    case Value::Kind::at_least: return ">=" + number_of(value.low);
    case Value::Kind::at_most: return "<=" + number_of(value.low);
  }
  return {};
}

std::optional<Mismatch> Matcher::number(const Value& value, std::int64_t actual, Side side,
                                        Compare compare, Part part, std::string_view name) {
  if (fits(value, actual, side, compare)) return {};
  // As the notation prints it: an octet before the ISN is negative.
  const std::int64_t printed =
      compare == Compare::modulo ? static_cast<std::int32_t>(actual) : actual;
  return at_part(part, fmt::format("{} {}, expected {}", name, printed, shown(value, side)));
}

std::optional<Mismatch> Matcher::flags(const FlagsPattern& pattern, wire::TcpFlags actual) const {
  if (pattern.any) return {};
  const wire::TcpFlags written = pattern.required | pattern.optional_;
  const wire::TcpFlags counted =
      written.has(wire::flag::psh) ? actual : actual.without(wire::flag::psh);
  if (counted.has(pattern.required) && counted.without(written).none()) return {};
  SegmentPattern only_flags;
  only_flags.flags = pattern;
  std::string expected = print(only_flags);
  expected.resize(expected.find(' '));
  return at_part(Part::flags,
                 fmt::format("flags {}, expected {}", trimmed_flags(actual), expected));
}

std::optional<Mismatch> Matcher::segment(const SegmentPattern& pattern,
                                         const wire::FrameSpec& frame, bool numbers) {
  const wire::TcpSpec& tcp = *frame.tcp;
  const wire::TcpFlags actual = tcp.flags.value_or(wire::TcpFlags{});
  if (auto wrong = flags(pattern.flags, actual)) return wrong;
  const IsnPair& base = scope_.base();
  const std::uint32_t first = tcp.seq.value_or(wire::Seq{}).value - base.target.value;
  const auto count = static_cast<std::uint32_t>(frame.payload.size());
  if (numbers) {
    if (auto wrong = number(pattern.first, first, Side::target, Compare::modulo, Part::first,
                            "first octet")) {
      return wrong;
    }
    if (auto wrong =
            number(pattern.end, first + count, Side::target, Compare::modulo, Part::end, "end"))
      return wrong;
    if (auto wrong =
            number(pattern.count, count, Side::none, Compare::plain, Part::count, "payload"))
      return wrong;
  }
  if (pattern.ack && actual.has(wire::flag::ack)) {
    const std::uint32_t ack = tcp.ack.value_or(wire::Seq{}).value - base.tester.value;
    if (auto wrong = number(*pattern.ack, ack, Side::tester, Compare::modulo, Part::ack, "ack"))
      return wrong;
  }
  if (pattern.win) {
    if (auto wrong = number(*pattern.win, tcp.window.value_or(0), Side::none, Compare::plain,
                            Part::win, "win")) {
      return wrong;
    }
  }
  if (pattern.urg) {
    if (auto wrong = number(*pattern.urg, tcp.urgent.value_or(0), Side::none, Compare::plain,
                            Part::urg, "urg")) {
      return wrong;
    }
  }
  return pattern.options ? options(*pattern.options, tcp) : std::nullopt;
}

std::optional<Mismatch> Matcher::field(const FieldPattern& pattern, const wire::FrameSpec& frame) {
  const wire::FieldInfo& info = wire::info(pattern.field);
  const std::string name = fmt::format("{} {}", wire::to_string(info.layer), info.name);
  const std::optional<wire::FieldValue> actual = wire::get(frame, pattern.field);
  if (!actual) return elsewhere(fmt::format("there is no {}", name));
  const auto type = icmp_type_of(frame);
  if (const Value* value = std::get_if<Value>(&pattern.value)) {
    const auto* got = std::get_if<std::uint64_t>(&*actual);
    if (got != nullptr && fits(*value, static_cast<std::int64_t>(*got), Side::none, Compare::plain))
      return {};
    std::string expected = shown(*value, Side::none);
    if (value->kind == Value::Kind::sum) {
      const auto wanted = evaluate(value->low, scope_, Side::none);
      if (wanted) expected = wire::print(pattern.field, static_cast<std::uint64_t>(*wanted), type);
    }
    return elsewhere(fmt::format("{} {}, expected {}", name,
                                 wire::print(pattern.field, *actual, type), expected));
  }
  wire::FieldValue expected = std::get<wire::FieldValue>(pattern.value);
  if (std::holds_alternative<wire::BadChecksum>(expected)) {
    if (bad_checksum(frame, pattern.field) == actual) return {};
  } else if (expected == *actual) {
    return {};
  }
  return elsewhere(fmt::format("{} {}, expected {}", name,
                               wire::print(pattern.field, *actual, type),
                               wire::print(pattern.field, expected, type)));
}

std::optional<Mismatch> Matcher::kind(const FramePattern& pattern,
                                      const wire::FrameSpec& frame) const {
  using Kind = FramePattern::Kind;
  const auto wanted = [&](bool there, std::string_view name) -> std::optional<Mismatch> {
    if (there) return {};
    return elsewhere(fmt::format("{}, expected {}", kind_of(frame), name));
  };
  switch (pattern.kind) {
    case Kind::segment: return wanted(frame.tcp.has_value(), "a TCP segment");
    case Kind::udp: return wanted(frame.udp.has_value(), "a UDP datagram");
    case Kind::icmp: return wanted(frame.icmp.has_value(), "an ICMP message");
    case Kind::icmpv6: return wanted(frame.icmpv6.has_value(), "an ICMPv6 message");
    case Kind::nd: return wanted(frame.nd.has_value(), "a neighbour discovery message");
    case Kind::arp: return wanted(frame.arp.has_value(), "an ARP packet");
    case Kind::ip_payload:
    case Kind::ip_packet: return wanted(frame.ip.has_value(), "an IP packet");
    case Kind::ethernet_frame: return {};
  }
  return {};
}

std::optional<Mismatch> Matcher::data(const FramePattern& pattern, const wire::FrameSpec& frame) {
  if (!pattern.data) return {};
  using Kind = FramePattern::Kind;
  wire::Buffer actual = frame.payload;
  if (pattern.kind == Kind::ip_packet || pattern.kind == Kind::ethernet_frame) {
    wire::FrameSpec whole = frame;
    if (pattern.kind == Kind::ip_packet) {
      whole.eth.reset();
      whole.trailer.clear();
    }
    actual = wire::emit(whole);
  } else if (pattern.kind == Kind::ip_payload) {
    // Whatever was read as an upper layer is octets again: a packet without its headers.
    wire::FrameSpec whole = frame, header = frame;
    whole.eth.reset(), header.eth.reset();
    whole.trailer.clear(), header.trailer.clear();
    header.tcp.reset(), header.udp.reset(), header.icmp.reset(), header.icmpv6.reset(),
        header.nd.reset();
    header.payload.clear();
    const std::size_t skipped = wire::emit(header).size();
    const wire::Buffer octets = wire::emit(whole);
    actual.assign(octets.begin() + static_cast<std::ptrdiff_t>(std::min(skipped, octets.size())),
                  octets.end());
  }
  if (pattern.data->octets) {
    if (auto wrong = difference(actual, *pattern.data->octets)) return elsewhere(*wrong);
    return {};
  }
  const auto size = pattern.data->pattern && pattern.data->pattern->kind == Value::Kind::sum
                        ? evaluate(pattern.data->pattern->low, scope_, Side::none)
                        : std::nullopt;
  if (!size) return {};
  wire::Buffer expected(static_cast<std::size_t>(std::clamp<std::int64_t>(*size, 0, 65535)));
  const bool syn = frame.tcp && frame.tcp->flags && frame.tcp->flags->has(wire::flag::syn);
  const std::uint32_t first = frame.tcp ? frame.tcp->seq.value_or(wire::Seq{}).value -
                                              scope_.base().target.value + (syn ? 1U : 0U)
                                        : 0;
  const bool own = frame.tcp || frame.udp;  // else it echoes what the tester sent
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto n = static_cast<std::uint32_t>(first + i);
    expected[i] = own ? target_octet(n) : tester_octet(n);
  }
  if (auto wrong = difference(actual, expected)) return elsewhere(*wrong);
  return {};
}

std::optional<Mismatch> Matcher::fragments(const std::vector<FramePattern::Piece>& pieces,
                                           const Sighting& sighting) {
  if (!sighting.reassembled) return elsewhere("the packet came whole, expected fragments");
  if (pieces.empty()) return {};
  const auto text = [](std::size_t size, std::size_t offset, bool more) {
    return fmt::format("{}@{}{}", size, offset, more ? "+" : "");
  };
  if (pieces.size() != sighting.pieces.size()) {
    return elsewhere(
        fmt::format("{} fragments, expected {}", sighting.pieces.size(), pieces.size()));
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const wire::FragmentPiece& got = sighting.pieces[i];
    if (fits(pieces[i].size, got.size, Side::none, Compare::plain) &&
        fits(pieces[i].offset, got.offset, Side::none, Compare::plain) &&
        pieces[i].more == got.more) {
      continue;
    }
    return elsewhere(fmt::format("fragment {} is {}, expected {}@{}{}", i + 1,
                                 text(got.size, got.offset, got.more),
                                 shown(pieces[i].size, Side::none),
                                 shown(pieces[i].offset, Side::none), pieces[i].more ? "+" : ""));
  }
  return {};
}

std::optional<Mismatch> Matcher::around(const FramePattern& pattern, const Sighting& sighting) {
  const wire::FrameSpec& frame = sighting.frame;
  for (const FieldPattern& one : pattern.fields) {
    if (auto wrong = field(one, frame)) return wrong;
  }
  if (pattern.extensions) {
    std::vector<std::uint8_t> got, expected;
    for (const auto& extension : *pattern.extensions) expected.push_back(extension.type);
    if (frame.ip && frame.ip->extensions) {
      for (const auto& extension : *frame.ip->extensions) got.push_back(extension.type);
    }
    if (got != expected) {
      return elsewhere(fmt::format("extension headers [{}], expected [{}]", fmt::join(got, ","),
                                   fmt::join(expected, ",")));
    }
  }
  if (auto wrong = quote(pattern, frame)) return wrong;
  if (pattern.fragments) return fragments(*pattern.fragments, sighting);
  return {};
}

std::optional<Mismatch> Matcher::frame(const FramePattern& pattern, const Sighting& sighting) {
  if (auto wrong = kind(pattern, sighting.frame)) return wrong;
  if (pattern.kind == FramePattern::Kind::segment) {
    if (auto wrong = segment(pattern.segment, sighting.frame, true)) return wrong;
  }
  if (auto wrong = around(pattern, sighting)) return wrong;
  return data(pattern, sighting.frame);
}

}  // namespace tcproof::checks
