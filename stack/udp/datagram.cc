// SPDX-License-Identifier: Apache-2.0
#include "stack/udp/datagram.h"

#include <algorithm>
#include <cassert>

#include "stack/udp/rules.h"
#include "stack/wire/checksum.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/numbers.h"

namespace tcproof::udp {

using wire::Family;
using wire::IpAddress;
using wire::UdpHeader;
using wire::UdpView;

std::optional<UdpView> receive(const IpAddress& src, const IpAddress& dst, wire::Bytes octets,
                               std::string_view& why) {
  const auto view = UdpView::parse(octets);
  if (!view) {
    why = rule::bad_length;
    return {};
  }
  if (view->checksum() == 0) {
    if (dst.family == Family::v4) return view;  // the sender made none
    why = rule::no_checksum;
    return {};
  }
  if (wire::transport_checksum(src, dst, wire::ip_protocol::udp, view->datagram()) != 0) {
    why = rule::bad_checksum;
    return {};
  }
  return view;
}

std::size_t max_data(Family family) {
  const std::size_t ip = family == Family::v4 ? wire::Ipv4Header::size : wire::Ipv6Header::size;
  return 65535 - ip - UdpHeader::size;
}

void write(const IpAddress& src, std::uint16_t src_port, const IpAddress& dst,
           std::uint16_t dst_port, wire::Bytes data, wire::MutableBytes out) {
  assert(out.size() == UdpHeader::size + data.size());
  wire::emit(UdpHeader{src_port, dst_port, static_cast<std::uint16_t>(out.size()), 0}, out);
  std::copy(data.begin(), data.end(), out.subspan(UdpHeader::size).begin());
  const std::uint16_t sum = wire::transport_checksum(src, dst, wire::ip_protocol::udp, out);
  wire::put16(out, 6, wire::udp_checksum_on_wire(sum));
}

}  // namespace tcproof::udp
