// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "stack/wire/frame.h"

namespace tcproof::wire {

/// A part of a line and where it stands: `at` counts octets from the start of the line.
struct Text {
  std::string_view text;
  std::size_t at = 0;
};

/// What is wrong with a line: the octets `at` .. `at + length` are underlined. `cure` may be empty.
struct SyntaxError {
  std::size_t at = 0;
  std::size_t length = 1;
  std::string message;
  std::string cure;
};
template <class T>
using Parsed = tl::expected<T, SyntaxError>;

/// A segment line cut into its parts, values not read yet: one grammar for concrete segments
/// (parse_segment below) and for the patterns of checks/. Texts point into the line.
///   .  1:1001(1000) ack 1 win 500 <mss 1460,TS val 1 ecr 0>
struct SegmentText {
  Text flags;                              // "S.", "_", "none", "F.P?"
  Text first, end, count;                  // 1, 1001, 1000
  std::optional<Text> ack, win, urg;       // the value, not the keyword
  bool has_options = false;                // "<...>" was there, perhaps empty
  bool exact = false;                      // it began with "exact"
  std::vector<std::vector<Text>> options;  // each its words; SACK edges "a:b" are one word
};
Parsed<SegmentText> split_segment(std::string_view line);

/// Flags as in `S.`, `none`: each letter once, of S F R P U E W e and '.'.
Parsed<TcpFlags> parse_flags(Text text);
std::string print(TcpFlags flags);  // padded to two columns
/// One letter, or 0 if it is none.
TcpFlags flag_of(char letter);

/// "unknown option 'sackok'", with the name that was meant if only the case is wrong.
SyntaxError unknown_option(Text name);

/// A sequence number as its distance from `base`, below it with a minus sign; from base zero it is
/// the absolute number.
std::string print_relative(Seq value, Seq base);

/// What the relative numbers of a line count from. All zero: absolute numbers.
struct SegmentBase {
  Seq seq;  // first octet and end
  Seq ack;  // acknowledgment number and SACK edges
};

/// A concrete segment: TCP header, options and the number of payload octets (the octets themselves
/// are the case's business: `payload` is left as zeros of that length).
/// The line counts relative to `base`; SACK edges count from base.ack, as they acknowledge.
Parsed<FrameSpec> parse_segment(std::string_view line, SegmentBase base);

/// Which part of a printed line says what, for carets under a difference.
enum class SegmentPart : std::uint8_t { flags, first, end, count, ack, win, urg, options };
struct PrintedSegment {
  std::string text;
  struct Span {
    SegmentPart part;
    std::size_t at = 0, length = 0;
  };
  std::vector<Span> spans;
};
/// `frame.tcp` as one line, canonical: flags padded to two columns, `ack` if the flag is set (or
/// the number is not zero), `win` always, `urg` if not 0, options if any (printed `<...>` as
/// canonical text; what is malformed as `raw`). parse_segment(print_segment(x, b).text, b) gives x
/// back, up to ports and payload octets, for options of a multiple of four octets, at most 40.
PrintedSegment print_segment(const FrameSpec& frame, SegmentBase base);

/// Any frame as one line for reports and -v: a segment line for TCP, else for example
/// `icmp unreachable fragmentation-needed mtu 1400` or `arp request 192.0.2.1 tell 192.0.2.2`.
std::string print_frame(const FrameSpec& frame, SegmentBase base);

}  // namespace tcproof::wire
