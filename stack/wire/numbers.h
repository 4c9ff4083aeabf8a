// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// Assigned numbers, under the names their RFCs use.

namespace tcproof::wire {

namespace ether_type {
inline constexpr std::uint16_t ipv4 = 0x0800, arp = 0x0806, ipv6 = 0x86dd;
}

namespace ip_protocol {
inline constexpr std::uint8_t icmp = 1, tcp = 6, udp = 17, icmpv6 = 58;
// IPv6 extension headers that a receiver walks (RFC 8200 4).
inline constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44, no_next_header = 59,
                              destination = 60;
inline constexpr std::uint8_t experiment = 253;  // RFC 3692
}  // namespace ip_protocol

namespace arp_op {
inline constexpr std::uint16_t request = 1, reply = 2;
}

namespace icmp_type {
inline constexpr std::uint8_t echo_reply = 0, unreachable = 3, source_quench = 4, redirect = 5,
                              echo = 8, time_exceeded = 11, parameter_problem = 12, timestamp = 13,
                              timestamp_reply = 14;
}

// Codes of icmp_type::unreachable.
namespace unreachable_code {
inline constexpr std::uint8_t net = 0, host = 1, protocol = 2, port = 3, fragmentation_needed = 4,
                              source_route_failed = 5;
}

// Codes of time-exceeded, the same in both families.
namespace time_exceeded_code {
inline constexpr std::uint8_t ttl = 0, reassembly = 1;
}

namespace icmpv6_type {
inline constexpr std::uint8_t unreachable = 1, packet_too_big = 2, time_exceeded = 3,
                              parameter_problem = 4, echo_request = 128, echo_reply = 129,
                              router_solicitation = 133, router_advertisement = 134,
                              neighbor_solicitation = 135, neighbor_advertisement = 136,
                              redirect = 137;
}

// Codes of icmpv6_type::unreachable.
namespace unreachable_v6_code {
inline constexpr std::uint8_t no_route = 0, prohibited = 1, beyond_scope = 2, address = 3, port = 4;
}

// Codes of icmpv6_type::parameter_problem.
namespace parameter_problem_v6_code {
inline constexpr std::uint8_t header_field = 0, next_header = 1, option = 2;
}

namespace nd_option {
inline constexpr std::uint8_t source_lla = 1, target_lla = 2, prefix = 3, redirected = 4, mtu = 5;
}

}  // namespace tcproof::wire
