// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "stack/wire/notation.h"

namespace tcproof::wire {

namespace {

using tl::unexpected;

constexpr std::string_view range_cure = "write FIRST:END(COUNT), as in 1:1001(1000)";
constexpr std::string_view order_cure =
    "after the octets come 'ack', 'win', 'urg' and <options>, in this order";

unexpected<SyntaxError> fail(Text where, std::string message, std::string_view cure) {
  return unexpected(SyntaxError{where.at, std::max<std::size_t>(where.text.size(), 1),
                                std::move(message), std::string(cure)});
}

Text part(Text whole, std::size_t from, std::size_t to) {
  return {whole.text.substr(from, to - from), whole.at + from};
}

Text trimmed(Text text) {
  const std::size_t from = text.text.find_first_not_of(' ');
  if (from == std::string_view::npos) return part(text, text.text.size(), text.text.size());
  return part(text, from, text.text.find_last_not_of(' ') + 1);
}

/// Hands out the words of a text.
class Words {
 public:
  explicit Words(Text text) : text_(text) { skip(); }
  bool done() const { return at_ == text_.text.size(); }
  Text rest() const { return part(text_, at_, text_.text.size()); }
  Text peek() const { return part(text_, at_, end()); }
  /// Empty, and standing at the end, if there is none.
  Text next() {
    const Text word = peek();
    at_ = end();
    skip();
    return word;
  }

 private:
  std::size_t end() const { return std::min(text_.text.find(' ', at_), text_.text.size()); }
  void skip() { at_ = std::min(text_.text.find_first_not_of(' ', at_), text_.text.size()); }
  Text text_;
  std::size_t at_ = 0;
};

Parsed<void> split_range(Text word, SegmentText& out) {
  const std::string_view t = word.text;
  if (t.empty()) return fail(word, "the octets are missing", range_cure);
  const std::size_t colon = t.find(':');
  const std::size_t open = t.find('(');
  const bool shaped = colon != std::string_view::npos && open != std::string_view::npos &&
                      0 < colon && colon + 1 < open && open + 2 < t.size() && t.back() == ')';
  if (!shaped) return fail(word, fmt::format("'{}' is no range of octets", t), range_cure);
  out.first = part(word, 0, colon);
  out.end = part(word, colon + 1, open);
  out.count = part(word, open + 1, t.size() - 1);
  for (const Text& value : {out.first, out.end, out.count}) {
    if (value.text.find_first_of(":()") != std::string_view::npos)
      return fail(word, fmt::format("'{}' is no range of octets", t), range_cure);
  }
  return {};
}

/// Options follow, no value: '<=5' is one.
bool begins_options(Text word) {
  return word.text.starts_with('<') && !word.text.starts_with("<=");
}

Parsed<void> split_keywords(Words& words, SegmentText& out) {
  struct Keyword {
    std::string_view name;
    std::optional<Text>* value;
  };
  const Keyword keywords[] = {{"ack", &out.ack}, {"win", &out.win}, {"urg", &out.urg}};
  std::size_t allowed = 0;  // keywords before this one have had their turn
  while (!words.done() && !begins_options(words.peek())) {
    const Text word = words.next();
    const auto* found = std::find_if(std::begin(keywords), std::end(keywords),
                                     [&](const Keyword& k) { return k.name == word.text; });
    if (found == std::end(keywords))
      return fail(word, fmt::format("unknown word '{}'", word.text), order_cure);
    const auto index = static_cast<std::size_t>(found - std::begin(keywords));
    if (index < allowed)
      return fail(word,
                  found->value->has_value() ? fmt::format("'{}' is there twice", word.text)
                                            : fmt::format("'{}' comes too late", word.text),
                  order_cure);
    if (words.done() || begins_options(words.peek()))
      return fail(word, fmt::format("'{}' has no value", word.text),
                  fmt::format("write '{} VALUE'", word.text));
    *found->value = words.next();
    allowed = index + 1;
  }
  return {};
}

Parsed<std::vector<Text>> split_option(Text option) {
  std::vector<Text> out;
  for (Words words(option); !words.done();) out.push_back(words.next());
  if (out.empty())
    return fail(option, "an option is missing", "options are separated by single commas");
  return out;
}

/// `text` starts with '<' and reaches to the end of the line.
Parsed<void> split_options(Text text, SegmentText& out) {
  // The last one: '>=5' is a value.
  const std::size_t close = text.text.rfind('>');
  if (close == std::string_view::npos)
    return fail(part(text, 0, 1), "'<' without '>'", "options end with '>', the line with them");
  const Text behind = trimmed(part(text, close + 1, text.text.size()));
  if (!behind.text.empty())
    return fail(behind, fmt::format("'{}' after the options", behind.text), order_cure);
  Text inside = trimmed(part(text, 1, close));
  out.has_options = true;
  if (Words words(inside); words.peek().text == "exact") {
    out.exact = true;
    words.next();
    inside = words.rest();
  }
  if (inside.text.empty()) return {};
  for (std::size_t from = 0; from <= inside.text.size();) {
    const std::size_t comma = std::min(inside.text.find(',', from), inside.text.size());
    auto option = split_option(part(inside, from, comma));
    if (!option) return unexpected(option.error());
    out.options.push_back(std::move(*option));
    from = comma + 1;
  }
  return {};
}

}  // namespace

Parsed<SegmentText> split_segment(std::string_view line) {
  SegmentText out;
  Words words(Text{line, 0});
  if (words.done()) {
    return fail(words.rest(), "an empty segment line",
                "write flags and octets, as in 'S  0:0(0) win 65535'");
  }
  out.flags = words.next();
  if (auto range = split_range(words.next(), out); !range) return unexpected(range.error());
  if (auto keywords = split_keywords(words, out); !keywords) return unexpected(keywords.error());
  if (words.done()) return out;
  if (auto options = split_options(words.rest(), out); !options) return unexpected(options.error());
  return out;
}

}  // namespace tcproof::wire
