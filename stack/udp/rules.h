// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string_view>

/// What is traced of datagrams and of errors about them, as in stack/ip/rules.h.
namespace tcproof::udp::rule {

using Rule = std::string_view;

inline constexpr Rule bad_length = "drop: udp, the length does not fit what came, RFC 768";
inline constexpr Rule no_checksum = "drop: udp, no checksum over IPv6, RFC 8200 8.1";
inline constexpr Rule bad_checksum = "drop: udp, bad checksum, RFC 1122 4.1.3.4";
inline constexpr Rule queue_full = "drop: udp, the receive queue is full";
inline constexpr Rule no_socket = "drop: udp, nobody has bound the port, RFC 1122 4.1.3.1";
inline constexpr Rule icmp_no_socket = "drop: icmp, about no socket of ours, RFC 1122 4.1.3.3";
inline constexpr Rule icmp_no_transport = "drop: icmp, about no TCP or UDP";

/// Every rule above.
inline std::span<const Rule> all() {
  static constexpr std::array every{bad_length, no_checksum,    bad_checksum,     queue_full,
                                    no_socket,  icmp_no_socket, icmp_no_transport};
  return every;
}

}  // namespace tcproof::udp::rule
