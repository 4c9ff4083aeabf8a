// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tcproof::harness::loading {

/// Octets after the first of a code point.
constexpr bool is_continuation(char octet) {
  return (static_cast<unsigned char>(octet) & 0xc0) == 0x80;
}

/// Code points in `text`, which is valid UTF-8.
std::size_t count_characters(std::string_view text);
/// How many octets the first `characters` code points of `text` take; all of it if it has fewer.
std::size_t octets_of(std::string_view text, std::size_t characters);
/// Where `text` stops being UTF-8 (RFC 3629: no surrogates, nothing overlong); empty if it never
/// does.
std::optional<std::size_t> find_bad_utf8(std::string_view text);

}  // namespace tcproof::harness::loading
