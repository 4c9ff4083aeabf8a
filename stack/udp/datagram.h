// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "stack/wire/address.h"
#include "stack/wire/udp.h"

namespace tcproof::udp {

/// Judges a UDP datagram by RFC 768, RFC 1122 4.1.3.4 and RFC 8200 8.1. `octets` is the whole IP
/// payload, which may be longer than the datagram. Empty: to be dropped, and `why` names the rule.
std::optional<wire::UdpView> receive(const wire::IpAddress& src, const wire::IpAddress& dst,
                                     wire::Bytes octets, std::string_view& why);

/// The longest data that fits into a packet of 65535 octets without IP options.
std::size_t max_data(wire::Family family);

/// Writes header, data and checksum. `out` holds exactly 8 octets and the data.
void write(const wire::IpAddress& src, std::uint16_t src_port, const wire::IpAddress& dst,
           std::uint16_t dst_port, wire::Bytes data, wire::MutableBytes out);

}  // namespace tcproof::udp
