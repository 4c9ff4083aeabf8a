// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "stack/ip/interface.h"
#include "stack/ip/packet.h"
#include "stack/ip/path_mtu.h"
#include "stack/wire/icmp.h"

namespace tcproof::ip {

/// An ICMP error about a packet of ours, as the transport layers need it.
struct ErrorReport {
  /// RFC 9293 3.9.2.2 and RFC 1122 4.2.3.9: hard ones say that trying again is useless.
  bool hard = false;
  bool port_unreachable = false;
  std::optional<TooBig> too_big;  // the path is too narrow for the quoted packet
  wire::IpAddress local, remote;
  std::uint8_t protocol = 0;
  wire::Bytes transport;  // the quoted upper-layer header, 8 octets at least
};

/// Why no ICMP error may answer `packet`, as a rule; empty if one may (RFC 1122 3.2.2, RFC 4443 2.4
/// e). `type` and `code` are those of the error.
std::string_view reason_not_to_answer(const Packet& packet, const Interface& interface,
                                      std::uint8_t type, std::uint8_t code);

/// How many octets of a packet of `size` an error quotes: IPv4 as many as fit into 576 (RFC 1812
/// 4.3.2.3), IPv6 into 1280 (RFC 4443 2.4 c).
std::size_t quote_size(wire::Family family, std::size_t size);

/// What an error with a right checksum says. Empty if it is for nobody: `rule` then tells why.
std::optional<ErrorReport> read_error(wire::Family family, const wire::IcmpView& message,
                                      const Interface& interface, std::string_view& rule);

/// A packet of ours (whole or the start of it) as a report that `remote` cannot be reached, a soft
/// error.
std::optional<ErrorReport> report_on(wire::Bytes own_packet, wire::Family family);

}  // namespace tcproof::ip
