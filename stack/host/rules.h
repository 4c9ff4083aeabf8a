// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

/// What Host tells of segments before they reach a connection; the rules of one connection are in
/// stack/tcp/rules.h.
namespace tcproof::stack::rule {

using Rule = std::string_view;

inline constexpr Rule to_a_group = "drop: tcp, sent to a group, RFC 9293 MUST-57";
inline constexpr Rule from_nowhere = "drop: tcp, no source address, RFC 9293 MUST-63";
inline constexpr Rule bad_checksum = "drop: tcp, bad checksum, RFC 9293 MUST-3";
inline constexpr Rule bad_offset =
    "drop: tcp, the data offset does not fit what came, RFC 9293 3.1";
inline constexpr Rule no_connection_reset = "reset: no connection, 3.10.7.1";
inline constexpr Rule no_connection = "drop: no connection, 3.10.7.1";
inline constexpr Rule backlog_full = "drop: SYN, the backlog is full";
inline constexpr Rule no_way = "drop: tcp, no way to the destination";
inline constexpr Rule icmp_no_connection = "drop: icmp, about no connection of ours, RFC 5927 4";

/// Every rule above.
std::span<const Rule> all();

}  // namespace tcproof::stack::rule
