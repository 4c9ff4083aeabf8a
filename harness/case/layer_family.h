// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stack/wire/field.h"

namespace tcproof::harness::loading {

/// The family of an address in that layer: ARP has only IPv4's, ND only IPv6's; elsewhere that of
/// the packet.
constexpr wire::Family family_of(wire::Layer layer, wire::Family of_packet) {
  switch (layer) {
    case wire::Layer::arp:
    case wire::Layer::icmp: return wire::Family::v4;
    case wire::Layer::icmpv6:
    case wire::Layer::nd: return wire::Family::v6;
    case wire::Layer::eth:
    case wire::Layer::ip:
    case wire::Layer::tcp:
    case wire::Layer::udp: break;
  }
  return of_packet;
}

}  // namespace tcproof::harness::loading
