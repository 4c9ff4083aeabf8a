// SPDX-License-Identifier: Apache-2.0
#include "checks/pattern.h"

#include <algorithm>

#include <fmt/format.h>

#include "checks/pattern_options.h"

namespace tcproof::checks {
namespace {

using wire::Parsed;
using wire::SyntaxError;
using wire::Text;

constexpr std::string_view flag_letters = "SFRPUEWe.";

tl::unexpected<SyntaxError> error_at(Text text, std::string message, std::string cure = {}) {
  return tl::unexpected(SyntaxError{text.at, std::max<std::size_t>(1, text.text.size()),
                                    std::move(message), std::move(cure)});
}

Text letter(Text text, std::size_t i, std::size_t length = 1) {
  return {text.text.substr(i, length), text.at + i};
}

Parsed<FlagsPattern> parse_flags_pattern(Text text, bool sent) {
  FlagsPattern flags;
  if (text.text == "none") return flags;
  if (text.text == "_") {
    if (sent) return error_at(text, "what is sent has exact flags", "write none, or the flags");
    flags.any = true;
    return flags;
  }
  wire::TcpFlags seen;
  for (std::size_t i = 0; i < text.text.size(); ++i) {
    const char c = text.text[i];
    const wire::TcpFlags flag = wire::flag_of(c);
    if (flag.none()) {
      return error_at(letter(text, i), fmt::format("unknown flag '{}'", c),
                      "flags are S F R P U E W e and . for ACK");
    }
    if (seen.has(flag)) return error_at(letter(text, i), fmt::format("flag '{}' stands twice", c));
    seen = seen | flag;
    const bool optional = i + 1 < text.text.size() && text.text[i + 1] == '?';
    if (optional && sent) {
      return error_at(letter(text, i, 2), "what is sent has exact flags",
                      fmt::format("leave '?' out, or '{}'", c));
    }
    (optional ? flags.optional_ : flags.required) =
        (optional ? flags.optional_ : flags.required) | flag;
    if (optional) ++i;
  }
  return flags;
}

/// The number of a sum of integers only.
std::optional<std::int64_t> constant(const Value& value) {
  if (value.kind != Value::Kind::sum) return {};
  std::uint64_t total = 0;
  for (const Term& term : value.low.terms) {
    if (term.atom.kind != Atom::Kind::integer) return {};
    total +=
        static_cast<std::uint64_t>(term.factor) * static_cast<std::uint64_t>(term.atom.integer);
  }
  return static_cast<std::int64_t>(total);
}

std::optional<SyntaxError> disagreement(const SegmentPattern& p, const wire::SegmentText& t) {
  const auto first = constant(p.first), end = constant(p.end), count = constant(p.count);
  if (!first || !end || !count) return {};
  const auto low32 = [](std::int64_t n) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(n));
  };
  if (low32(*first) + low32(*count) == low32(*end)) return {};
  // Up to and with the closing bracket.
  const std::size_t past = t.count.at + t.count.text.size() + 1;
  return SyntaxError{t.first.at,
                     past - t.first.at,
                     fmt::format("{} + {} is {}, not {}", *first, *count, *first + *count, *end),
                     {}};
}

std::string_view side_name(Side side) {
  return side == Side::tester ? "tester" : "target";
}

std::string_view positions_of(Side side) {
  return side == Side::tester ? "the tester's octets are RCV.NXT, IRS and SEG.SEQ"
                              : "the target's octets are SND.UNA, SND.NXT and SEG.ACK";
}

/// Where `name` stands in `text` as a whole position.
std::size_t find_position(std::string_view text, std::string_view name) {
  std::size_t at = text.find(name);
  return at == std::string_view::npos ? 0 : at;
}

std::optional<SyntaxError> wrong_side(const Sum& sum, Text text, const FieldRule& rule) {
  if (rule.side == Side::none) return {};
  for (const Term& term : sum.terms) {
    if (term.atom.kind != Atom::Kind::position) continue;
    const Side counted = side_of(term.atom.position);
    if (counted == Side::none || counted == rule.side) continue;
    const std::string_view name = to_string(term.atom.position);
    return SyntaxError{text.at + find_position(text.text, name), name.size(),
                       fmt::format("{} counts the {}'s octets, but {} here counts the {}'s", name,
                                   side_name(counted), rule.name, side_name(rule.side)),
                       std::string(positions_of(rule.side))};
  }
  return {};
}

Parsed<void> parse_values(SegmentPattern& pattern, const wire::SegmentText& text, bool sent) {
  const Side own = sent ? Side::tester : Side::target;
  const Side other = sent ? Side::target : Side::tester;
  const auto read = [&](Text part, Value& value, const FieldRule& rule) -> Parsed<void> {
    auto parsed = parse_field(part, rule);
    if (!parsed) return tl::unexpected(parsed.error());
    value = std::move(*parsed);
    return {};
  };
  const auto read_set = [&](const std::optional<Text>& part, std::optional<Value>& value,
                            const FieldRule& rule) -> Parsed<void> {
    return part ? read(*part, value.emplace(), rule) : Parsed<void>{};
  };
  const FieldRule range{"the range", own, sent, true};
  const FieldRule count{"the number of octets", Side::none, sent, false};
  return read(text.first, pattern.first, range)
      .and_then([&] { return read(text.end, pattern.end, range); })
      .and_then([&] { return read(text.count, pattern.count, count); })
      .and_then([&] { return read_set(text.ack, pattern.ack, {"'ack'", other, sent, true}); })
      .and_then([&] { return read_set(text.win, pattern.win, {"'win'", Side::none, sent, true}); })
      .and_then([&] { return read_set(text.urg, pattern.urg, {"'urg'", Side::none, sent, true}); });
}

Parsed<SegmentPattern::Options> parse_options(const wire::SegmentText& text, bool sent) {
  SegmentPattern::Options options;
  options.exact = text.exact;
  for (const std::vector<Text>& words : text.options) {
    if (words.size() == 1 && words[0].text == "...") {
      if (sent)
        return error_at(words[0], "'...' is for what is expected",
                        "write the options that are sent");
      if (text.exact) return error_at(words[0], "'...' does not go with 'exact'");
      options.others = true;
      continue;
    }
    auto option = parse_option(words, sent);
    if (!option) return tl::unexpected(option.error());
    options.list.push_back(std::move(*option));
  }
  return options;
}

}  // namespace

wire::Parsed<Value> parse_field(Text text, const FieldRule& rule) {
  Parsed<Value> value = parse_value(text);
  if (!value) return value;
  for (const Sum* sum : {&value->low, &value->high}) {
    if (auto error = wrong_side(*sum, text, rule)) return tl::unexpected(*error);
  }
  if (rule.sent && value->is_any() && !rule.may_be_any) {
    return error_at(text, fmt::format("{} must be written when it is sent", rule.name));
  }
  if (rule.sent && !value->is_any() && value->kind != Value::Kind::sum) {
    return error_at(
        text, fmt::format("'{}' is for what is expected: what is sent is one number", text.text));
  }
  return value;
}

wire::Parsed<SegmentPattern> parse_segment_pattern(std::string_view line, bool sent) {
  const Parsed<wire::SegmentText> text = wire::split_segment(line);
  if (!text) return tl::unexpected(text.error());
  SegmentPattern pattern;
  auto flags = parse_flags_pattern(text->flags, sent);
  if (!flags) return tl::unexpected(flags.error());
  pattern.flags = *flags;
  if (auto values = parse_values(pattern, *text, sent); !values)
    return tl::unexpected(values.error());
  if (auto error = disagreement(pattern, *text)) return tl::unexpected(*error);
  if (text->has_options) {
    auto options = parse_options(*text, sent);
    if (!options) return tl::unexpected(options.error());
    pattern.options = std::move(*options);
  }
  return pattern;
}

namespace {

std::string print_flags(const FlagsPattern& flags) {
  std::string text;
  if (flags.any) {
    text = "_";
  } else {
    for (const char c : flag_letters) {
      const wire::TcpFlags flag = wire::flag_of(c);
      if (flags.required.has(flag)) text += c;
      if (flags.optional_.has(flag)) text += {c, '?'};
    }
    if (text.empty()) text = "none";
  }
  text.resize(std::max<std::size_t>(2, text.size()), ' ');
  return text;
}

std::string print_options(const SegmentPattern::Options& options) {
  std::vector<std::string> parts;
  for (const OptionPattern& option : options.list) parts.push_back(print(option));
  if (options.others) parts.emplace_back("...");
  return fmt::format(" <{}{}>", options.exact ? (parts.empty() ? "exact" : "exact ") : "",
                     fmt::join(parts, ","));
}

}  // namespace

std::string print(const SegmentPattern& pattern) {
  std::string text = fmt::format("{} {}:{}({})", print_flags(pattern.flags), print(pattern.first),
                                 print(pattern.end), print(pattern.count));
  if (pattern.ack) text += " ack " + print(*pattern.ack);
  if (pattern.win) text += " win " + print(*pattern.win);
  if (pattern.urg) text += " urg " + print(*pattern.urg);
  if (pattern.options) text += print_options(*pattern.options);
  return text;
}

}  // namespace tcproof::checks
