// SPDX-License-Identifier: Apache-2.0
// Any line: an error points into it, and a segment that could be read prints as a line that reads
// back as the same segment.
#include <cassert>
#include <string_view>

#include "stack/wire/notation.h"

namespace {

using namespace tcproof::wire;

void check_error(const SyntaxError& error, std::string_view line) {
  assert(error.at <= line.size());
  assert(error.length >= 1);
  assert(error.at + error.length <= line.size() + 1);
  assert(!error.message.empty());
}

void check_inside(const Text& text, std::string_view line) {
  assert(line.substr(text.at, text.text.size()) == text.text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  if (const auto text = split_segment(line)) {
    for (const Text& part : {text->flags, text->first, text->end, text->count})
      check_inside(part, line);
    for (const auto& option : text->options) {
      for (const Text& word : option) check_inside(word, line);
    }
  } else {
    check_error(text.error(), line);
  }
  const SegmentBase base{{0xfffffff0}, {5000}};
  const auto frame = parse_segment(line, base);
  if (!frame) {
    check_error(frame.error(), line);
    return 0;
  }
  const std::string printed = print_segment(*frame, base).text;
  const auto again = parse_segment(printed, base);
  assert(again);
  assert(print_segment(*again, base).text == printed);
  assert(again->tcp->options == frame->tcp->options);
  return 0;
}
