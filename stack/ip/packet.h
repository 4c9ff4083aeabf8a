// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "stack/ip/reassembly.h"
#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/icmp.h"

namespace tcproof::ip {

/// A packet that came for us. Octets belong to the frame or to who put it together.
struct Packet {
  wire::IpAddress src, dst;
  std::uint8_t protocol = 0;  // IPv6: the last next header
  std::uint8_t ttl = 0;       // or hop limit
  std::uint8_t tos = 0;       // or traffic class
  bool group = false;         // sent to a broadcast or multicast address, of IP or of the link
  bool fragmented = false;    // came in pieces, or with a fragment header
  std::size_t next_header_at =
      0;                // IPv6: of the octet that named `protocol`, from the start of `whole`
  wire::Bytes options;  // of IPv4, already found well-formed
  wire::Bytes payload;  // what the upper layer gets
  wire::Bytes whole;    // from the IP header on, for ICMP to quote

  wire::Family family() const { return src.family; }
};

/// What became of the octets behind an Ethernet header. Either `dropped` names the rule that
/// refused them, or `fragment` holds a piece that waits for others, or `packet` is complete.
struct Arrival {
  Packet packet;
  std::string_view dropped;
  std::optional<wire::IcmpHeader> answer;  // the ICMP error that a drop calls for
  std::optional<Fragment> fragment;
};

}  // namespace tcproof::ip
