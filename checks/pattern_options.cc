// SPDX-License-Identifier: Apache-2.0
#include "checks/pattern_options.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "checks/spelling.h"

namespace tcproof::checks {
namespace {

using Kind = OptionPattern::Kind;
using wire::Parsed;
using wire::SyntaxError;
using wire::Text;
using Words = std::vector<Text>;

struct Name {
  std::string_view word;
  Kind kind;
};
constexpr std::array<Name, 11> names = {{
    {"nop", Kind::nop},
    {"eol", Kind::eol},
    {"sackOK", Kind::sack_permitted},
    {"mss", Kind::mss},
    {"wscale", Kind::window_scale},
    {"TS", Kind::timestamps},
    {"sack", Kind::sack},
    {"FO", Kind::fast_open},
    {"uto", Kind::user_timeout},
    {"kind", Kind::other},
    {"raw", Kind::raw},
}};

tl::unexpected<SyntaxError> error_at(Text text, std::string message, std::string cure = {}) {
  return tl::unexpected(SyntaxError{text.at, text.text.empty() ? 1 : text.text.size(),
                                    std::move(message), std::move(cure)});
}

/// All of the option, for errors that no single word has.
Text whole(const Words& words) {
  const Text& last = words.back();
  const std::size_t length = last.at + last.text.size() - words.front().at;
  return {std::string_view(words.front().text.data(), length), words.front().at};
}

Parsed<Value> number(Text text, std::string_view name, bool sent, bool may_be_any = false) {
  return parse_field(text, {name, Side::none, sent, may_be_any});
}

std::optional<std::uint8_t> hex_octet(std::string_view digits) {
  std::uint8_t octet = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + 2, octet, 16);
  if (error != std::errc{} || end != digits.data() + 2) return {};
  return octet;
}

Parsed<wire::Buffer> hex(Text text) {
  wire::Buffer octets;
  if (text.text.size() % 2 != 0 || text.text.empty()) {
    return error_at(text, fmt::format("'{}' is no row of octets", text.text),
                    "write two hex digits an octet");
  }
  for (std::size_t i = 0; i < text.text.size(); i += 2) {
    const auto octet = hex_octet(text.text.substr(i, 2));
    if (!octet) {
      return error_at({text.text.substr(i, 2), text.at + i},
                      fmt::format("'{}' is no octet", text.text.substr(i, 2)),
                      "write two hex digits an octet");
    }
    octets.push_back(*octet);
  }
  return octets;
}

/// Octets, or `_`, which stays unset.
Parsed<void> hex_or_any(Text text, std::optional<wire::Buffer>& body, bool sent) {
  if (text.text == "_") {
    if (sent) return error_at(text, "'_' has no octets to send");
    return {};
  }
  auto octets = hex(text);
  if (!octets) return tl::unexpected(octets.error());
  body = std::move(*octets);
  return {};
}

Parsed<void> read_into(Value& value, Parsed<Value> parsed) {
  if (!parsed) return tl::unexpected(parsed.error());
  value = std::move(*parsed);
  return {};
}

Parsed<void> timestamps(OptionPattern& option, const Words& words, bool sent) {
  if (words.size() != 5 || words[1].text != "val" || words[3].text != "ecr") {
    return error_at(whole(words), fmt::format("'{}' is no timestamps option", whole(words).text),
                    "write TS val 1 ecr 0");
  }
  return read_into(option.a, number(words[2], "'val'", sent, true)).and_then([&] {
    return read_into(option.b, number(words[4], "'ecr'", sent, true));
  });
}

Parsed<void> sack(OptionPattern& option, const Words& words, bool sent) {
  // SACK acknowledges: what the tester sends reports octets of the target, and the other way round.
  const FieldRule rule{"'sack'", sent ? Side::target : Side::tester, sent, false};
  for (std::size_t i = 1; i < words.size(); ++i) {
    const Text word = words[i];
    const std::size_t colon = word.text.find(':');
    if (colon == std::string_view::npos) {
      return error_at(word, fmt::format("'{}' is no SACK block", word.text), "write FIRST:END");
    }
    auto& [left, right] = option.edges.emplace_back();
    auto read =
        read_into(left, parse_field({word.text.substr(0, colon), word.at}, rule)).and_then([&] {
          return read_into(right,
                           parse_field({word.text.substr(colon + 1), word.at + colon + 1}, rule));
        });
    if (!read) return read;
    for (const Value* edge : {&left, &right}) {
      if (edge->kind != Value::Kind::any && edge->kind != Value::Kind::sum) {
        return error_at(word, fmt::format("'{}' is no SACK block", word.text),
                        "an edge is one number or _");
      }
    }
  }
  return {};
}

Parsed<void> user_timeout(OptionPattern& option, Text text, bool sent) {
  if (text.text == "_" && !sent) return {};
  Text digits = text;
  if (text.text.ends_with("min")) {
    option.minutes = true;
    digits.text.remove_suffix(3);
  } else if (text.text.ends_with("s")) {
    digits.text.remove_suffix(1);
  } else {
    return error_at(text, fmt::format("'{}' is no user timeout", text.text),
                    "write uto 30s or uto 5min");
  }
  return read_into(option.a, number(digits, "'uto'", sent));
}

Parsed<void> other(OptionPattern& option, const Words& words, bool sent) {
  auto read = read_into(option.a, number(words[1], "'kind'", sent));
  if (!read) return read;
  std::size_t next = 2;
  if (next < words.size() && words[next].text == "len") {
    if (next + 1 == words.size()) return error_at(words[next], "'len' has no value");
    option.has_length = true;
    read = read_into(option.b, number(words[next + 1], "'len'", sent));
    if (!read) return read;
    next += 2;
  }
  if (next == words.size()) return {};
  if (next + 1 < words.size())
    return error_at(words[next + 1], fmt::format("'{}' is too much here", words[next + 1].text));
  return hex_or_any(words[next], option.body, sent);
}

Parsed<Kind> kind_of(Text word) {
  std::vector<std::string_view> known;
  for (const Name& name : names) {
    if (name.word == word.text) return name.kind;
    known.push_back(name.word);
  }
  return error_at(
      word, fmt::format("unknown option '{}'", word.text),
      did_you_mean(word.text, known, fmt::format("options are {}", fmt::join(known, " "))));
}

/// How many words the option has, its name included.
struct Count {
  std::size_t least, most;
};
Count words_of(Kind kind) {
  switch (kind) {
    case Kind::nop:
    case Kind::eol:
    case Kind::sack_permitted: return {1, 1};
    case Kind::mss:
    case Kind::window_scale:
    case Kind::user_timeout:
    case Kind::raw: return {2, 2};
    case Kind::fast_open: return {1, 2};
    case Kind::timestamps: return {1, 99};  // it says itself what is wrong
    case Kind::sack: return {2, 99};
    case Kind::other: return {2, 99};
  }
  return {};
}

Parsed<void> read_words(OptionPattern& option, const Words& words, bool sent) {
  switch (option.kind) {
    case Kind::nop:
    case Kind::eol:
    case Kind::sack_permitted: return {};
    case Kind::mss: return read_into(option.a, number(words[1], "'mss'", sent));
    case Kind::window_scale: return read_into(option.a, number(words[1], "'wscale'", sent));
    case Kind::timestamps: return timestamps(option, words, sent);
    case Kind::sack: return sack(option, words, sent);
    case Kind::fast_open:
      if (words.size() == 1) {
        option.body.emplace();
        return {};
      }
      return hex_or_any(words[1], option.body, sent);
    case Kind::user_timeout: return user_timeout(option, words[1], sent);
    case Kind::other: return other(option, words, sent);
    case Kind::raw: {
      auto octets = hex(words[1]);
      if (!octets) return tl::unexpected(octets.error());
      option.body = std::move(*octets);
      return {};
    }
  }
  return {};
}

std::string print_hex(const wire::Buffer& octets) {
  return fmt::format("{:02x}", fmt::join(octets, ""));
}

}  // namespace

wire::Parsed<OptionPattern> parse_option(const Words& words, bool sent) {
  if (words.empty()) {
    return tl::unexpected(SyntaxError{0, 1, "an option is missing", "write no comma there"});
  }
  const Parsed<Kind> kind = kind_of(words[0]);
  if (!kind) return tl::unexpected(kind.error());
  const Count count = words_of(*kind);
  if (words.size() < count.least)
    return error_at(words[0], fmt::format("'{}' has no value", words[0].text));
  if (words.size() > count.most) {
    return error_at(words[count.most],
                    fmt::format("'{}' is too much here", words[count.most].text));
  }
  OptionPattern option{.kind = *kind};
  auto read = read_words(option, words, sent);
  if (!read) return tl::unexpected(read.error());
  return option;
}

std::string print(const OptionPattern& option) {
  switch (option.kind) {
    case Kind::nop: return "nop";
    case Kind::eol: return "eol";
    case Kind::sack_permitted: return "sackOK";
    case Kind::mss: return "mss " + print(option.a);
    case Kind::window_scale: return "wscale " + print(option.a);
    case Kind::timestamps: return fmt::format("TS val {} ecr {}", print(option.a), print(option.b));
    case Kind::sack: {
      std::string text = "sack";
      for (const auto& [left, right] : option.edges)
        text += fmt::format(" {}:{}", print(left), print(right));
      return text;
    }
    case Kind::fast_open:
      if (!option.body) return "FO _";
      return option.body->empty() ? "FO" : "FO " + print_hex(*option.body);
    case Kind::user_timeout:
      if (option.a.is_any()) return "uto _";
      return fmt::format("uto {}{}", print(option.a), option.minutes ? "min" : "s");
    case Kind::other: {
      std::string text = "kind " + print(option.a);
      if (option.has_length) text += " len " + print(option.b);
      if (option.body) text += " " + print_hex(*option.body);
      return text;
    }
    case Kind::raw: return "raw " + print_hex(option.body.value_or(wire::Buffer{}));
  }
  return {};
}

}  // namespace tcproof::checks
