// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/case/yaml.h"

namespace tcproof::harness::loading {

// Reading a tree by what its keys ask for. Each function says in `problems` what is wrong and
// returns nothing then; a node that is broken was reported before and stays silent.

/// A mapping with known keys. Unknown ones are reported by the constructor.
class Fields {
 public:
  /// An empty `allowed` takes any key. `what` names the mapping in messages: "a connection".
  Fields(const Node& node, std::span<const std::string_view> allowed, std::string_view what,
         Problems& problems);
  bool is_mapping() const { return node_.is_mapping(); }
  const Node* find(std::string_view key) const;
  /// Reports a missing key.
  const Node* require(std::string_view key) const;

 private:
  const Node& node_;
  std::string_view what_;
  Problems& problems_;
};

/// "a 'covers' is a list" and its kind: `expected` is "a list", "a mapping", "a word".
void wrong_kind(const Node& node, std::string_view what, std::string_view expected,
                Problems& problems);
bool is_mapping(const Node& node, std::string_view what, Problems& problems);

/// The text of a scalar.
std::optional<std::string> text_of(const Node& node, std::string_view what, Problems& problems);
std::optional<bool> boolean_of(const Node& node, std::string_view what, Problems& problems);
/// A list of texts, or one text in place of a list of one if `or_one`.
std::vector<const Node*> list_of(const Node& node, std::string_view what, bool or_one,
                                 Problems& problems);
/// Index of the text among `words`.
std::optional<std::size_t> choice_of(const Node& node, std::string_view text, std::string_view what,
                                     std::span<const std::string_view> words, Problems& problems);

/// "0", "17", "0x1f": no sign, no leading zeros.
std::optional<std::uint64_t> parse_number(std::string_view text);
/// A number in low..high.
std::optional<std::uint64_t> number_of(const Node& node, std::string_view what, std::uint64_t low,
                                       std::uint64_t high, Problems& problems);
/// "0.125", "3": not negative.
std::optional<double> parse_decimal(std::string_view text);
/// 0 to 1, also as "12.5%".
std::optional<double> probability_of(const Node& node, std::string_view what, Problems& problems);

/// A name that `$` may precede: lower-case letters, digits and _, a letter first.
bool is_name(std::string_view text);

}  // namespace tcproof::harness::loading
