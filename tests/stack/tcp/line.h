// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "stack/tcp/segment.h"

namespace tcproof::tcp::test {

/// A segment line in wire's notation, as far as this stack's segments go. Numbers count from the
/// bases.
struct Line {
  Segment segment;         // the text is empty
  std::size_t octets = 0;  // its length
  bool has_ack = false, has_win = false;
};
/// A line that cannot be read fails the test and gives an empty segment.
Line parse_line(std::string_view text, Seq seq_base, Seq ack_base);

/// Canonical. Without `with_win` the window is printed as 0, so that two lines compare without it.
std::string print_line(const Segment& segment, std::size_t octets, Seq seq_base, Seq ack_base,
                       bool with_win);

}  // namespace tcproof::tcp::test
