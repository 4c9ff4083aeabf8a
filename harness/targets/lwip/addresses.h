// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>

#include "harness/targets/lwip/lwip_api.h"
#include "harness/targets/plugin/tcproof_stack.h"

namespace tcproof::lwip {

// Addresses of the interface as lwIP's, and back. Both keep network byte order.

inline ip_addr_t ip_of(const tcproof_address& from) {
  ip_addr_t ip{};
  const bool v4 = from.family == 4;
  IP_SET_TYPE_VAL(ip, v4 ? u8_t{IPADDR_TYPE_V4} : u8_t{IPADDR_TYPE_V6});
  std::memcpy(v4 ? &ip.u_addr.ip4.addr : ip.u_addr.ip6.addr, from.octets, v4 ? 4 : 16);
  return ip;
}

inline tcproof_address address_of(const ip_addr_t& ip) {
  tcproof_address address{};
  const bool v4 = IP_IS_V4_VAL(ip);
  address.family = v4 ? 4 : 6;
  std::memcpy(address.octets, v4 ? &ip.u_addr.ip4.addr : ip.u_addr.ip6.addr, v4 ? 4 : 16);
  return address;
}

inline ip_addr_t any_address(u8_t type) {
  ip_addr_t any{};
  IP_SET_TYPE_VAL(any, type);
  return any;
}

}  // namespace tcproof::lwip
