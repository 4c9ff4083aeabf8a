// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "checks/names.h"
#include "checks/pattern.h"
#include "checks/transcript.h"
#include "stack/wire/tcp_options.h"

namespace tcproof::checks {

/// Compares one frame with what is expected of it, part by part, and stops at the first that
/// differs. What a lone unbound `$name` met is in scope.fresh; it counts only if the whole frame
/// matches.
class Matcher {
 public:
  explicit Matcher(StepScope& scope) : scope_(scope) {}

  std::optional<Mismatch> frame(const FramePattern& pattern, const Sighting& sighting);
  /// The header of a segment; `numbers` false leaves out sequence numbers and octets.
  std::optional<Mismatch> segment(const SegmentPattern& pattern, const wire::FrameSpec& frame,
                                  bool numbers);
  /// Every field of every layer, extension headers, quotes, fragments and data but not the segment
  /// line.
  std::optional<Mismatch> around(const FramePattern& pattern, const Sighting& sighting);

  bool fits(const Value& value, std::int64_t actual, Side side, Compare compare);
  /// The value with its names and positions put in: "1001", ">=5".
  std::string shown(const Value& value, Side side) const;

 private:
  using Part = wire::SegmentPart;
  std::optional<Mismatch> number(const Value& value, std::int64_t actual, Side side,
                                 Compare compare, Part part, std::string_view name);
  std::optional<Mismatch> flags(const FlagsPattern& pattern, wire::TcpFlags actual) const;
  std::optional<Mismatch> options(const SegmentPattern::Options& pattern, const wire::TcpSpec& tcp);
  std::optional<Mismatch> exact_options(const SegmentPattern::Options& pattern,
                                        const wire::TcpSpec& tcp);
  bool option(const OptionPattern& pattern, const wire::TcpOptionView& option);
  bool sack_blocks(const OptionPattern& pattern, const wire::TcpOptionView& option);
  std::optional<Mismatch> field(const FieldPattern& pattern, const wire::FrameSpec& frame);
  std::optional<Mismatch> kind(const FramePattern& pattern, const wire::FrameSpec& frame) const;
  std::optional<Mismatch> data(const FramePattern& pattern, const wire::FrameSpec& frame);
  std::optional<Mismatch> quote(const FramePattern& pattern, const wire::FrameSpec& frame);
  std::optional<Mismatch> quoted_segment(const SegmentPattern& pattern, const wire::Buffer& quoted);
  std::optional<Mismatch> fragments(const std::vector<FramePattern::Piece>& pieces,
                                    const Sighting& sighting);

  StepScope& scope_;
};

/// The first octet where they differ, or that there are more or fewer of them; empty if they are
/// equal.
std::optional<std::string> difference(wire::Bytes actual, wire::Bytes expected);

}  // namespace tcproof::checks
