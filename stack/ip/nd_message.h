// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "stack/ip/interface.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/ipv6.h"

namespace tcproof::ip {

inline constexpr std::uint8_t nd_hop_limit = 255;  // RFC 4861: no router has passed it on
/// ff02::1 and ff02::2.
inline const wire::IpAddress all_nodes{wire::Family::v6,
                                       {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
inline const wire::IpAddress all_routers{wire::Family::v6,
                                         {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};

/// A neighbour discovery message that a host sends (RFC 4861 4.1, 4.3, 4.4). None is ever long
/// enough to be fragmented (RFC 6980 5).
struct NdMessage {
  std::uint8_t type = 0;
  std::uint32_t flags = 0;
  wire::IpAddress src, dst;
  /// Of solicitations for and advertisements of neighbours; a router solicitation has none.
  std::optional<wire::IpAddress> target;
  /// The type of the option that holds our link address; 0: none, as from :: (RFC 4861 4.1, 4.3).
  std::uint8_t link_address_option = 0;
};

/// A whole frame. Its Ethernet destination is that of a group if `dst` is one, else zero.
class NdFrame {
 public:
  NdFrame(const Interface& interface, const NdMessage& message);
  wire::MutableBytes octets() { return wire::MutableBytes(frame_).first(size_); }

 private:
  static constexpr std::size_t longest = wire::EthernetHeader::size + wire::Ipv6Header::size + 32;
  std::array<std::uint8_t, longest> frame_{};
  std::size_t size_ = 0;
};

}  // namespace tcproof::ip
