// SPDX-License-Identifier: Apache-2.0
#include "harness/traffic/value_reader.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "checks/spelling.h"
#include "harness/case/fields.h"
#include "harness/case/layer_family.h"
#include "stack/wire/notation.h"

namespace tcproof::harness::loading {
namespace {

using generator::Per;
using generator::Variation;

constexpr std::array<std::string_view, 10> all_keys{
    "increment", "range", "list", "random", "by", "count", "from", "to", "per", "every"};
constexpr std::array<std::string_view, 3> per_words{"packet", "flow", "round"};

/// Which of a mapping's keys belong to which kind.
struct KindKeys {
  std::string_view kind;
  std::array<std::string_view, 3> others;
};
constexpr std::array<KindKeys, 4> kinds{{{"increment", {"by", "count", ""}},
                                         {"range", {"by", "", ""}},
                                         {"list", {"", "", ""}},
                                         {"random", {"from", "to", ""}}}};

class VariationReader {
 public:
  VariationReader(std::string_view what, const ReadNumber& number, std::uint64_t largest,
                  Problems& problems)
      : what_(what), number_(number), largest_(largest), problems_(problems) {}

  std::optional<Variation> read(const Node& node) {
    if (node.is_scalar()) return read_text(node);
    if (!node.is_mapping()) {
      wrong_kind(node, what_, "a value, or how it changes: { increment: 1 }", problems_);
      return std::nullopt;
    }
    const std::size_t before = problems_.size();
    const Fields fields(node, all_keys, what_, problems_);
    if (problems_.size() != before) return std::nullopt;
    const KindKeys* kind = kind_of(node);
    if (kind == nullptr) return std::nullopt;
    auto how = read_kind(kind->kind, fields);
    if (how) read_pace(fields, *how);
    if (problems_.size() != before) return std::nullopt;
    return how;
  }

 private:
  const KindKeys* kind_of(const Node& node) {
    const KindKeys* found = nullptr;
    for (const KindKeys& kind : kinds) {
      const Entry* entry = node.find(kind.kind);
      if (entry == nullptr) continue;
      if (found != nullptr) {
        problems_.add(entry->key_place, fmt::format("{} has '{}' already", what_, found->kind));
        return nullptr;
      }
      found = &kind;
    }
    if (found == nullptr) {
      problems_.add(node.place, fmt::format("{} does not say how it changes", what_),
                    "one of increment, range, list, random");
      return nullptr;
    }
    for (const Entry& entry : node.entries) {
      const bool common = entry.key == "per" || entry.key == "every" || entry.key == found->kind;
      const bool own =
          std::find(found->others.begin(), found->others.end(), entry.key) != found->others.end();
      if (common || own) continue;
      problems_.add(entry.key_place,
                    fmt::format("'{}' does not go with '{}'", entry.key, found->kind));
      return nullptr;
    }
    return found;
  }

  std::optional<Variation> read_text(const Node& node) {
    if (node.text.find("..") != std::string::npos) return read_range(node, 1);
    const auto value = number_(node.text, node.place);
    if (!value) return std::nullopt;
    return Variation::constant(*value);
  }

  std::optional<std::uint64_t> number(const Node& node, std::string_view key) {
    const auto text = text_of(node, fmt::format("'{}'", key), problems_);
    if (!text) return std::nullopt;
    return number_(*text, node.place);
  }

  std::optional<Variation> read_range(const Node& node, std::uint64_t step) {
    const auto text = text_of(node, "'range'", problems_);
    if (!text) return std::nullopt;
    const std::size_t cut = text->find("..");
    if (cut == std::string::npos || step == 0) {
      problems_.add(node.place, fmt::format("'{}' is no range", *text), "a range is LOW..HIGH");
      return std::nullopt;
    }
    const std::string_view all(*text);
    const auto low = number_(all.substr(0, cut), place_in(node, 0, cut));
    const auto high = number_(all.substr(cut + 2), place_in(node, cut + 2, all.size() - cut - 2));
    if (!low || !high) return std::nullopt;
    if (*high < *low) {
      problems_.add(node.place, fmt::format("the range {} is empty", *text));
      return std::nullopt;
    }
    return Variation{.kind = Variation::Kind::increment,
                     .from = *low,
                     .step = step,
                     .count = (*high - *low) / step + 1};
  }

  std::uint64_t positive(const Fields& fields, std::string_view key, std::uint64_t otherwise) {
    const Node* node = fields.find(key);
    if (node == nullptr) return otherwise;
    constexpr std::uint64_t most = std::uint64_t{1} << 48;
    return number_of(*node, fmt::format("'{}'", key), 1, most, problems_).value_or(otherwise);
  }

  std::optional<Variation> read_kind(std::string_view kind, const Fields& fields) {
    const Node& node = *fields.find(kind);
    if (kind == "increment") {
      const auto from = number(node, kind);
      if (!from) return std::nullopt;
      return Variation{.kind = Variation::Kind::increment,
                       .from = *from,
                       .step = positive(fields, "by", 1),
                       .count = fields.find("count") != nullptr ? positive(fields, "count", 1) : 0};
    }
    if (kind == "range") return read_range(node, positive(fields, "by", 1));
    if (kind == "list") return read_list(node);
    return read_random(node, fields);
  }

  std::optional<Variation> read_list(const Node& node) {
    Variation how{.kind = Variation::Kind::list};
    for (const Node* item : list_of(node, "'list'", false, problems_)) {
      if (const auto value = number_(item->text, item->place)) how.values.push_back(*value);
    }
    if (how.values.empty()) return std::nullopt;
    return how;
  }

  std::optional<Variation> read_random(const Node& node, const Fields& fields) {
    constexpr std::uint64_t any = std::numeric_limits<std::uint64_t>::max();
    const auto seed = number_of(node, "'random'", 0, any, problems_);
    Variation how{.kind = Variation::Kind::random, .seed = seed.value_or(0)};
    const Node* from = fields.find("from");
    const Node* to = fields.find("to");
    const auto low = from != nullptr ? number(*from, "from") : std::optional<std::uint64_t>(0);
    const auto high = to != nullptr ? number(*to, "to") : std::optional<std::uint64_t>(largest_);
    if (!seed || !low || !high) return std::nullopt;
    if (*high < *low) {
      problems_.add((to != nullptr ? to : from)->place, "'to' is below 'from'");
      return std::nullopt;
    }
    how.from = *low;
    how.count = *high - *low + 1;  // 0 stands for all 64 bits
    return how;
  }

  void read_pace(const Fields& fields, Variation& how) {
    how.every = positive(fields, "every", 1);
    const Node* per = fields.find("per");
    if (per == nullptr) return;
    const auto text = text_of(*per, "'per'", problems_);
    if (!text) return;
    const auto chosen = choice_of(*per, *text, "'per'", per_words, problems_);
    if (chosen) how.per = static_cast<Per>(*chosen);
  }

  std::string_view what_;
  const ReadNumber& number_;
  std::uint64_t largest_;
  Problems& problems_;
};

std::optional<std::uint64_t> read_address(wire::Family family, std::string_view text,
                                          const Place& place, Problems& problems) {
  const auto address = wire::parse_ip(text);
  if (address && address->family == family) return generator::number_of(*address);
  const bool v4 = family == wire::Family::v4;
  problems.add(place, fmt::format("'{}' is no {} address", text, v4 ? "IPv4" : "IPv6"),
               address ? "the stream's 'family' says which it has" : "");
  return std::nullopt;
}

std::optional<std::uint64_t> read_mac(std::string_view text, const Place& place,
                                      Problems& problems) {
  if (text == "broadcast") return generator::number_of(wire::mac_broadcast);
  if (const auto mac = wire::parse_mac(text)) return generator::number_of(*mac);
  problems.add(place, fmt::format("'{}' is no MAC address", text),
               "a MAC address is \"02:00:00:00:00:01\"");
  return std::nullopt;
}

}  // namespace

std::optional<generator::Variation> read_variation(const Node& node, std::string_view what,
                                                   const ReadNumber& number, std::uint64_t largest,
                                                   Problems& problems) {
  return VariationReader(what, number, largest, problems).read(node);
}

std::optional<double> parse_rate(std::string_view text) {
  double factor = 1;
  if (!text.empty()) {
    if (text.back() == 'k') factor = 1e3;
    if (text.back() == 'M') factor = 1e6;
    if (text.back() == 'G') factor = 1e9;
  }
  const auto number = parse_decimal(factor == 1 ? text : text.substr(0, text.size() - 1));
  if (!number || *number <= 0) return std::nullopt;
  return *number * factor;
}

std::optional<double> read_rate(const Node& node, std::string_view what, Problems& problems) {
  const auto text = text_of(node, what, problems);
  if (!text) return std::nullopt;
  const auto rate = parse_rate(*text);
  if (!rate) {
    problems.add(node.place, fmt::format("{} is a rate above 0, not '{}'", what, *text),
                 "for example 1000, 250k, 1.5M");
  }
  return rate;
}

std::optional<std::uint64_t> read_field_number(const generator::Field& field, wire::Family family,
                                               std::optional<std::uint64_t> icmp_type,
                                               std::string_view text, const Place& place,
                                               Problems& problems) {
  using Kind = generator::Field::Kind;
  switch (field.kind()) {
    case Kind::mac: return read_mac(text, place, problems);
    case Kind::ip: return read_address(family_of(field.layer(), family), text, place, problems);
    case Kind::boolean:
      if (text == "true") return 1;
      if (text == "false") return 0;
      problems.add(place, fmt::format("'{}' is true or false, not '{}'", field.name(), text));
      return std::nullopt;
    case Kind::flags: {
      const auto flags = wire::parse_flags({text, 0});
      if (flags) return flags->bits();
      if (const auto bits = parse_number(text); bits && *bits < 512) return bits;
      problems.add(place, fmt::format("'{}': {}", text, flags.error().message),
                   "flags are letters as in the segment line, or a number");
      return std::nullopt;
    }
    case Kind::number:
    case Kind::checksum: break;
    case Kind::octets:
    case Kind::prefix:
      problems.add(place, fmt::format("'{}' cannot change from packet to packet", field.name()));
      return std::nullopt;
  }
  if (field.registered()) {
    const auto named = wire::number_of(*field.registered(), text, icmp_type);
    if (named) return named;
  }
  const auto number = parse_number(text);
  const unsigned bits = field.bits(family);
  if (number && (bits >= 64 || *number >> bits == 0)) return number;
  const std::uint64_t most = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  problems.add(place, fmt::format("'{}' is 0 to {}, not '{}'", field.name(), most, text));
  return std::nullopt;
}

std::optional<wire::Buffer> read_octets(const Node& node, std::string_view what,
                                        Problems& problems) {
  const auto text = text_of(node, what, problems);
  if (!text) return std::nullopt;
  constexpr std::string_view digits = "0123456789abcdef";
  wire::Buffer octets;
  std::string hex;
  for (const char c : *text) {
    if (c != ' ') hex += c;
  }
  bool fine = hex.size() % 2 == 0 && !hex.empty();
  for (std::size_t i = 0; fine && i < hex.size(); i += 2) {
    const std::size_t high = digits.find(hex[i]);
    const std::size_t low = digits.find(hex[i + 1]);
    fine = high != std::string_view::npos && low != std::string_view::npos;
    octets.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  if (fine) return octets;
  problems.add(node.place, fmt::format("{} is hex digits in pairs", what), "for example f4 9a");
  return std::nullopt;
}

}  // namespace tcproof::harness::loading
