// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/interface.h"

namespace tcproof::ip {

using wire::Family;
using wire::IpAddress;

bool Interface::is_ours(const IpAddress& address) const {
  const auto& own = prefix(address.family);
  return own && own->address == address;
}

bool Interface::is_broadcast(const IpAddress& address) const {
  if (address.family != Family::v4) return false;
  if (address == wire::ipv4_broadcast || address.is_unspecified()) return true;
  if (!v4 || !v4->contains(address) || v4->length >= 31) return false;  // RFC 3021: a /31 has none
  const std::uint32_t host_bits = 0xffffffffU >> v4->length;
  const std::uint32_t host = wire::be32(address.bytes(), 0) & host_bits;
  return host == host_bits || host == 0;
}

}  // namespace tcproof::ip
