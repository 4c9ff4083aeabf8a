// SPDX-License-Identifier: Apache-2.0
#include "harness/case/segment_reader.h"

#include <fmt/format.h>

namespace tcproof::harness::loading {

namespace {

/// Quotes and brackets would change what commas, colons and `#` mean to YAML.
bool check_style(const Node& node, const Node& parent, Reading& reading) {
  if (node.style != Node::Style::plain) {
    reading.problems.add(node.place, "a segment is written without quotes, in one line");
    return false;
  }
  if (parent.style == Node::Style::flow) {
    reading.problems.add(node.place, "a segment does not stand in { }",
                         "write the step in block style, its verb on its own line");
    return false;
  }
  return true;
}

class Settler {
 public:
  Settler(const Scalar& line, Use use, Reading& reading)
      : line_(line), use_(use), reading_(reading) {}

  bool settle(checks::Value& value, bool may_be_any) {
    if (use_ == Use::sent && value.is_any() && !may_be_any) {
      reading_.problems.add(line_.whole, "what is sent is written out: '_' stands here for nothing",
                            "'_' may be the first octet, its end, and the numbers of TS");
      return false;
    }
    return reading_.values.settle(value, line_, use_);
  }
  bool settle(std::optional<checks::Value>& value) { return !value || settle(*value, false); }

  bool settle(checks::OptionPattern& option) {
    const bool timestamps = option.kind == checks::OptionPattern::Kind::timestamps;
    // What an option does not have is "any" too.
    if (use_ == Use::expected || !option.a.is_any() || timestamps) {
      if (!settle(option.a, timestamps)) return false;
    }
    if (use_ == Use::expected || !option.b.is_any() || timestamps) {
      if (!settle(option.b, true)) return false;
    }
    for (auto& [left, right] : option.edges) {
      if (!settle(left, false) || !settle(right, false)) return false;
    }
    return true;
  }

  bool settle(checks::SegmentPattern& pattern) {
    if (!settle(pattern.first, true) || !settle(pattern.end, true)) return false;
    if (!settle(pattern.count, false)) return false;
    if (!settle(pattern.ack) || !settle(pattern.win) || !settle(pattern.urg)) return false;
    if (!pattern.options) return true;
    for (checks::OptionPattern& option : pattern.options->list) {
      if (!settle(option)) return false;
    }
    return true;
  }

 private:
  const Scalar& line_;
  Use use_;
  Reading& reading_;
};

/// The parser compares the numbers it sees; constants were no numbers to it.
bool check_range(const checks::SegmentPattern& pattern, const Scalar& line, Reading& reading) {
  const auto first = integer_of(pattern.first), end = integer_of(pattern.end),
             count = integer_of(pattern.count);
  if (!first || !end || !count || *first + *count == *end) return true;
  Place place = line.whole;
  if (const auto parts = wire::split_segment(line.text)) {
    place = line.place(parts->first.at,
                       parts->count.at + parts->count.text.size() + 1 - parts->first.at);
  }
  reading.problems.add(place,
                       fmt::format("{} + {} is {}, not {}", *first, *count, *first + *count, *end));
  return false;
}

}  // namespace

std::optional<std::int64_t> integer_of(const checks::Value& value) {
  if (value.kind != checks::Value::Kind::sum || value.low.terms.size() != 1) return std::nullopt;
  const checks::Term& term = value.low.terms.front();
  if (term.atom.kind != checks::Atom::Kind::integer) return std::nullopt;
  return term.factor * term.atom.integer;
}

std::optional<checks::SegmentPattern> read_segment(const Node& node, const Node& parent, Use use,
                                                   Reading& reading) {
  const auto line = reading.scalar(node, "a segment");
  if (!line || (!line->replaced && !check_style(node, parent, reading))) return std::nullopt;
  auto pattern = checks::parse_segment_pattern(line->text, use == Use::sent);
  if (!pattern) {
    const wire::SyntaxError& error = pattern.error();
    reading.problems.add(line->place(error.at, error.length), error.message, error.cure);
    return std::nullopt;
  }
  if (use == Use::sent && pattern->flags.any) {
    reading.problems.add(line->place(0, 1), "what is sent has its flags written out",
                         "no flag at all is 'none'");
    return std::nullopt;
  }
  if (!Settler(*line, use, reading).settle(*pattern)) return std::nullopt;
  if (!check_range(*pattern, *line, reading)) return std::nullopt;
  return *pattern;
}

}  // namespace tcproof::harness::loading
