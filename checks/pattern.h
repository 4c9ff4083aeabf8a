// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "checks/value.h"
#include "stack/wire/field.h"
#include "stack/wire/frame.h"
#include "stack/wire/notation.h"

namespace tcproof::checks {

/// Flags of an expectation. PSH counts only if it is written.
struct FlagsPattern {
  bool any = false;  // "_"
  wire::TcpFlags required;
  wire::TcpFlags optional_;  // written "X?"
  bool operator==(const FlagsPattern&) const = default;
};

struct OptionPattern {
  enum class Kind : std::uint8_t {
    nop,
    eol,
    mss,
    window_scale,
    sack_permitted,
    timestamps,
    sack,
    fast_open,
    user_timeout,
    other,
    raw,
  } kind = Kind::nop;
  Value a;                  // mss, shift, TSval, kind number, uto value in its unit
  Value b;                  // TSecr; length octet of `other` (any: the right one / don't care)
  bool has_length = false;  // `len` was written
  bool minutes = false;     // uto
  std::vector<std::pair<Value, Value>> edges;  // sack
  std::optional<wire::Buffer> body;  // fast_open, other: empty = `_` or absent; raw: all octets
  bool operator==(const OptionPattern&) const = default;
};

/// A segment line, as sent or expected (docs/case-language.md 2.1).
struct SegmentPattern {
  FlagsPattern flags;
  Value first, end, count;
  std::optional<Value> ack, win, urg;
  struct Options {
    bool exact = false;   // these octets in this order
    bool others = false;  // "..."
    std::vector<OptionPattern> list;
    bool operator==(const Options&) const = default;
  };
  std::optional<Options> options;  // unset: default when sent, don't care when expected
  bool operator==(const SegmentPattern&) const = default;
};

/// The whole line. Every error of docs/case-language.md 11 that a line can have by itself, with its
/// place. `sent` decides which side a position may count ("RCV.NXT counts the tester's octets
/// ...").
wire::Parsed<SegmentPattern> parse_segment_pattern(std::string_view line, bool sent);
/// Canonical text; parse_segment_pattern(print(x)) == x.
std::string print(const SegmentPattern& pattern);

/// One header field of a keyed frame or a modifier: a number pattern, or a value of its kind.
struct FieldPattern {
  wire::Field field{};
  std::variant<Value, wire::FieldValue> value;
  bool operator==(const FieldPattern&) const = default;
};

/// Payload (docs/case-language.md 2.3): octets as written, or the pattern of `pattern` octets.
struct Payload {
  std::optional<wire::Buffer> octets;
  std::optional<Value> pattern;
  bool operator==(const Payload&) const = default;
};

/// What a quoted packet is: a saved frame, or a segment of the target.
using Quote = std::variant<std::string, SegmentPattern>;

/// A frame to send or to expect: a TCP segment or a keyed frame, with the modifiers `ip`, `eth`,
/// `tcp`, `data`, `fragments` already joined.
struct FramePattern {
  enum class Kind : std::uint8_t {
    segment,
    udp,
    icmp,
    icmpv6,
    nd,
    arp,
    ip_payload,
    ip_packet,
    ethernet_frame,
  } kind = Kind::segment;
  SegmentPattern segment;            // of kind segment
  std::vector<FieldPattern> fields;  // every layer's
  std::optional<Payload> data;
  std::optional<Quote> quotes;
  std::optional<Value> quote_length;
  std::optional<std::vector<wire::Extension>> extensions;  // expected: compared by type, in order
  struct Piece {
    Value size, offset;
    bool more = false;
    std::optional<Payload> data;
    bool operator==(const Piece&) const = default;
  };
  std::optional<std::vector<Piece>> fragments;  // an empty list: `any`
  bool operator==(const FramePattern&) const = default;
};

/// Why a frame does not match: the part that differs and a short sentence ("end 1441, expected
/// 1001").
struct Mismatch {
  std::optional<wire::SegmentPart> part;  // of the segment line; empty: a field or the payload
  std::string what;
};

/// The short form used in reports: the segment line, or `icmp unreachable ...` with its fields.
std::string print(const FramePattern& pattern);

}  // namespace tcproof::checks
