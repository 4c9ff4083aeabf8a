// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "stack/tcp/segment.h"

namespace tcproof::tcp::test {

/// A segment line of the case language, `F. 1:101(100) ack 1 win 65535 urg 5 <mss 1460>`, as far as this stack's
/// segments go. Numbers count from the bases.
struct Line {
  Segment segment;         // the text is empty
  std::size_t octets = 0;  // its length
  bool has_ack = false, has_win = false;
};
/// A line that cannot be read fails the test and gives an empty segment.
Line parse_line(std::string_view text, Seq seq_base, Seq ack_base);
/// `win` only if asked for.
std::string print_line(const Segment& segment, Seq seq_base, Seq ack_base, bool with_win);

}  // namespace tcproof::tcp::test
