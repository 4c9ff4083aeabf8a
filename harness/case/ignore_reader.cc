// SPDX-License-Identifier: Apache-2.0
#include "harness/case/ignore_reader.h"

#include <array>

#include "checks/spelling.h"
#include "harness/case/fields.h"
#include "harness/case/frame_reader.h"

namespace tcproof::harness::loading {

namespace {

constexpr std::array<std::string_view, 6> names{"window-update", "pure-ack", "keep-alive",
                                                "igmp",          "mld",      "router-solicitation"};

/// A segment line has a range; the name of a class has no blank.
bool looks_like_a_class(const Node& node) {
  return node.is_scalar() && node.text.find(' ') == std::string::npos;
}

}  // namespace

void read_ignore(const Node& node, Reading& reading, std::vector<checks::Ignored>& classes,
                 std::vector<checks::FramePattern>& patterns) {
  if (!node.is_sequence()) {
    wrong_kind(node, "'ignore'", "a list", reading.problems);
    return;
  }
  for (const Node& item : node.items) {
    if (looks_like_a_class(item)) {
      const auto index = choice_of(item, item.text, "class of frames", names, reading.problems);
      if (index) classes.push_back(static_cast<checks::Ignored>(*index));
    } else if (auto pattern = read_frame(item, node, nullptr, Use::expected, reading)) {
      patterns.push_back(std::move(*pattern));
    }
    reading.scope.end_step(false);
  }
}

}  // namespace tcproof::harness::loading
