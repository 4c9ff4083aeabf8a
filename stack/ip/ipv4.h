// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stack/ip/interface.h"
#include "stack/ip/packet.h"

namespace tcproof::ip {

/// Judges what followed an Ethernet header of type IPv4 by RFC 1122 3.2.1. `link_group`: the frame
/// was sent to a group. `interface` has an IPv4 address. Any octets are fine.
Arrival receive_v4(wire::Bytes octets, const Interface& interface, bool link_group);

/// Mends the header of a packet put together from fragments: length, flags, offset and checksum.
/// False: it would be longer than 65535 octets.
bool seal_v4(wire::MutableBytes packet);

}  // namespace tcproof::ip
