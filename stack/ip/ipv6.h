// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stack/ip/interface.h"
#include "stack/ip/packet.h"

namespace tcproof::ip {

/// Judges what followed an Ethernet header of type IPv6 by RFC 8200: addresses, then one extension
/// header after the other. `link_group`: the frame was sent to a group. `interface` has an IPv6
/// address. Any octets are fine.
Arrival receive_v6(wire::Bytes octets, const Interface& interface, bool link_group);

/// Mends a packet put together from fragments, whose head still ends with the first one's fragment
/// header: takes that out and sets next header and length (RFC 8200 4.5). False: its payload would
/// be longer than 65535 octets.
bool seal_v6(wire::Buffer& packet);

}  // namespace tcproof::ip
