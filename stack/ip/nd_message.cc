// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/nd_message.h"

#include "stack/wire/checksum.h"
#include "stack/wire/numbers.h"

namespace tcproof::ip {

using wire::EthernetHeader;
using wire::Family;
using wire::Ipv6Header;
using wire::MutableBytes;

namespace {
constexpr std::size_t header_size = 8, target_size = 16, option_size = 8;
}

NdFrame::NdFrame(const Interface& interface, const NdMessage& message) {
  const std::size_t option_at = header_size + (message.target ? target_size : 0);
  const std::size_t length = option_at + (message.link_address_option != 0 ? option_size : 0);
  size_ = EthernetHeader::size + Ipv6Header::size + length;
  const MutableBytes all(frame_);
  const bool group = message.dst.is_multicast();
  wire::emit(EthernetHeader{group ? wire::multicast_mac(message.dst) : wire::MacAddress{},
                            interface.mac, wire::ether_type::ipv6},
             all);
  Ipv6Header ip;
  ip.payload_length = static_cast<std::uint16_t>(length);
  ip.next_header = wire::ip_protocol::icmpv6;
  ip.hop_limit = nd_hop_limit;
  ip.src = message.src;
  ip.dst = message.dst;
  wire::emit(ip, all.subspan(EthernetHeader::size));
  const MutableBytes nd = all.subspan(EthernetHeader::size + Ipv6Header::size, length);
  nd[0] = message.type;
  wire::put32(nd, 4, message.flags);
  if (message.target) wire::put_ip(nd, header_size, *message.target, Family::v6);
  if (message.link_address_option != 0) {
    nd[option_at] = message.link_address_option;
    nd[option_at + 1] = option_size / 8;
    wire::put_mac(nd, option_at + 2, interface.mac);
  }
  wire::put16(nd, 2, wire::transport_checksum(ip.src, ip.dst, ip.next_header, nd));
}

}  // namespace tcproof::ip
