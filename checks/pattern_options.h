// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checks/pattern.h"

namespace tcproof::checks {

// The parts of a segment line that pattern.cc and pattern_options.cc share.

/// What a field counts, and in which direction the line goes: decides which positions it may name.
struct FieldRule {
  std::string_view name;  // "the range", "'ack'"
  Side side = Side::none;
  bool sent = false;
  bool may_be_any = true;  // "_" in a line that is sent
};

/// A value that obeys `rule`: no position of the other side, and a plain number if it is sent.
wire::Parsed<Value> parse_field(wire::Text text, const FieldRule& rule);

/// One option, given as its words.
wire::Parsed<OptionPattern> parse_option(const std::vector<wire::Text>& words, bool sent);
/// As in a line: "mss 1460".
std::string print(const OptionPattern& option);

}  // namespace tcproof::checks
