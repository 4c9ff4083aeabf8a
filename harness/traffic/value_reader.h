// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "generator/field.h"
#include "generator/variation.h"
#include "harness/case/yaml.h"

namespace tcproof::harness::loading {

/// Makes a number of a text, or says at the place what is wrong with it.
using ReadNumber = std::function<std::optional<std::uint64_t>(std::string_view, const Place&)>;

/// How a number changes (docs/generator.md): `N`, `A..B`, `{ increment: .. }`, `{ range: .. }`,
/// `{ list: .. }` or `{ random: SEED, .. }`, with `per` and `every`. `largest` is what fits.
std::optional<generator::Variation> read_variation(const Node& node, std::string_view what,
                                                   const ReadNumber& number, std::uint64_t largest,
                                                   Problems& problems);

/// A rate above 0: `100000`, `100k`, `1.5M`, `10G`.
std::optional<double> read_rate(const Node& node, std::string_view what, Problems& problems);
std::optional<double> parse_rate(std::string_view text);

/// One value of a header field as a number; addresses are those of `family`.
std::optional<std::uint64_t> read_field_number(const generator::Field& field, wire::Family family,
                                               std::optional<std::uint64_t> icmp_type,
                                               std::string_view text, const Place& place,
                                               Problems& problems);

/// Pairs of hex digits, spaces between them allowed.
std::optional<wire::Buffer> read_octets(const Node& node, std::string_view what,
                                        Problems& problems);

}  // namespace tcproof::harness::loading
