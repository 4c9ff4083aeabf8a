// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "stack/wire/bytes.h"

namespace tcproof::wire {

namespace ipv4_option {
inline constexpr std::uint8_t end = 0, nop = 1, record_route = 7, timestamp = 68,
                              loose_source_route = 131, strict_source_route = 137;
constexpr bool is_source_route(std::uint8_t kind) {
  return kind == loose_source_route || kind == strict_source_route;
}
}  // namespace ipv4_option

/// Calls `visit(option, at)` for each option of an IPv4 header (RFC 791 3.1) but the single octets,
/// until it returns false; `at` is where in `options` it begins. Gives the place of an option whose
/// length is impossible, and ends there.
template <class Visit>
constexpr std::optional<std::size_t> walk_ipv4_options(Bytes options, Visit&& visit) {
  for (std::size_t at = 0; at < options.size() && options[at] != ipv4_option::end;) {
    if (options[at] == ipv4_option::nop) {
      ++at;
      continue;
    }
    const std::size_t length = at + 1 < options.size() ? options[at + 1] : 0;
    if (length < 2 || at + length > options.size()) return at;
    if (!visit(options.subspan(at, length), at)) return {};
    at += length;
  }
  return {};
}

}  // namespace tcproof::wire
