// SPDX-License-Identifier: Apache-2.0
#include "harness/case/fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "checks/spelling.h"

namespace tcproof::harness::loading {

Fields::Fields(const Node& node, std::span<const std::string_view> allowed, std::string_view what,
               Problems& problems)
    : node_(node), what_(what), problems_(problems) {
  if (!loading::is_mapping(node, what, problems) || allowed.empty()) return;
  for (const Entry& entry : node.entries) {
    if (problems.full()) return;
    if (std::find(allowed.begin(), allowed.end(), entry.key) != allowed.end()) continue;
    problems.add(entry.key_place, fmt::format("unknown key '{}'", entry.key),
                 checks::did_you_mean(entry.key, allowed,
                                      fmt::format("{} has {}", what, fmt::join(allowed, ", "))));
  }
}

const Node* Fields::find(std::string_view key) const {
  const Entry* entry = node_.find(key);
  return entry == nullptr ? nullptr : &entry->value;
}

const Node* Fields::require(std::string_view key) const {
  const Node* node = find(key);
  if (node == nullptr && is_mapping()) {
    Place place = node_.place;
    if (!node_.entries.empty()) place = node_.entries.front().key_place;
    problems_.add(place, fmt::format("{} needs '{}'", what_, key));
  }
  return node;
}

void wrong_kind(const Node& node, std::string_view what, std::string_view expected,
                Problems& problems) {
  if (node.kind == Node::Kind::broken) return;
  if (node.kind == Node::Kind::null) {
    problems.add(node.place, fmt::format("{} has no value", what),
                 fmt::format("it takes {}", expected));
    return;
  }
  Place place = node.place;
  if (!node.is_scalar()) place.length = 1;
  problems.add(place, fmt::format("{} takes {}", what, expected));
}

bool is_mapping(const Node& node, std::string_view what, Problems& problems) {
  if (node.is_mapping()) return true;
  wrong_kind(node, what, "a mapping", problems);
  return false;
}

std::optional<std::string> text_of(const Node& node, std::string_view what, Problems& problems) {
  if (node.is_scalar()) return node.text;
  wrong_kind(node, what, "one value", problems);
  return std::nullopt;
}

std::optional<bool> boolean_of(const Node& node, std::string_view what, Problems& problems) {
  const auto text = text_of(node, what, problems);
  if (!text) return std::nullopt;
  if (*text == "true") return true;
  if (*text == "false") return false;
  problems.add(node.place, fmt::format("{} is true or false, not '{}'", what, *text));
  return std::nullopt;
}

std::vector<const Node*> list_of(const Node& node, std::string_view what, bool or_one,
                                 Problems& problems) {
  std::vector<const Node*> list;
  if (or_one && node.is_scalar()) return {&node};
  if (!node.is_sequence()) {
    wrong_kind(node, what, "a list", problems);
    return list;
  }
  if (node.items.empty()) problems.add(node.place, fmt::format("{} is an empty list", what));
  for (const Node& item : node.items) {
    if (item.is_scalar()) {
      list.push_back(&item);
    } else {
      wrong_kind(item, what, "a list of words", problems);
    }
  }
  return list;
}

std::optional<std::size_t> choice_of(const Node& node, std::string_view text, std::string_view what,
                                     std::span<const std::string_view> words, Problems& problems) {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  problems.add(
      node.place, fmt::format("unknown {} '{}'", what, text),
      checks::did_you_mean(text, words, fmt::format("there are {}", fmt::join(words, ", "))));
  return std::nullopt;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  const bool hex = text.size() > 2 && text[0] == '0' && text[1] == 'x';
  if (!hex && text.size() > 1 && text[0] == '0') return std::nullopt;
  if (hex) text.remove_prefix(2);
  std::uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, hex ? 16 : 10);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> number_of(const Node& node, std::string_view what, std::uint64_t low,
                                       std::uint64_t high, Problems& problems) {
  const auto text = text_of(node, what, problems);
  if (!text) return std::nullopt;
  const auto number = parse_number(*text);
  if (!number) {
    problems.add(node.place, fmt::format("{} is a number, not '{}'", what, *text),
                 "numbers are decimal without leading zeros, or 0x and hex digits");
    return std::nullopt;
  }
  if (*number < low || *number > high) {
    problems.add(node.place, fmt::format("{} is {} to {}, not {}", what, low, high, *text));
    return std::nullopt;
  }
  return number;
}

std::optional<double> parse_decimal(std::string_view text) {
  // from_chars alone takes "inf", "1e9" and "-1" too.
  const bool plain = !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos &&
                     text.front() != '.' && text.back() != '.';
  const bool zeros = text.size() > 1 && text[0] == '0' && text[1] != '.';
  if (!plain || zeros || std::count(text.begin(), text.end(), '.') > 1) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> probability_of(const Node& node, std::string_view what, Problems& problems) {
  const auto text = text_of(node, what, problems);
  if (!text) return std::nullopt;
  const bool percent = !text->empty() && text->back() == '%';
  auto number =
      parse_decimal(percent ? std::string_view(*text).substr(0, text->size() - 1) : *text);
  if (number && percent) number = *number / 100;
  if (!number || *number > 1) {
    problems.add(node.place, fmt::format("{} is 0 to 1, or a percentage, not '{}'", what, *text));
    return std::nullopt;
  }
  return number;
}

bool is_name(std::string_view text) {
  if (text.empty() || text[0] < 'a' || text[0] > 'z') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace tcproof::harness::loading
