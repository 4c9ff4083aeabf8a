// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/seq.h"
#include "stack/wire/tcp.h"

namespace tcproof::wire {

/// What a checksum field shall hold: a number as written, or the right sum with its lowest bit
/// flipped. An unset field gets the right sum.
struct BadChecksum {
  bool operator==(const BadChecksum&) const = default;
};
using ChecksumSpec = std::variant<std::uint16_t, BadChecksum>;

struct EthernetSpec {
  std::optional<MacAddress> dst, src;
  std::optional<std::uint16_t> type;
  bool operator==(const EthernetSpec&) const = default;
};

struct ArpSpec {
  std::optional<std::uint16_t> htype, ptype, op;
  std::optional<std::uint8_t> hlen, plen;
  std::optional<MacAddress> sha, tha;
  std::optional<IpAddress> spa, tpa;
  bool operator==(const ArpSpec&) const = default;
};

/// One IPv6 extension header: `body` is everything after its next-header octet and, but for
/// fragment (44), after its length octet.
struct Extension {
  std::uint8_t type = 0;  // 0 hop-by-hop, 43 routing, 44 fragment, 60 destination
  Buffer body;
  bool operator==(const Extension&) const = default;
};

/// Both families; a field that a family lacks is ignored there. Named as in the RFCs, `ttl` is
/// also the hop limit, `tos` the traffic class, `protocol` the last next header.
struct IpSpec {
  Family family = Family::v4;
  std::optional<std::uint8_t> version, ihl, tos, ttl, protocol;
  std::optional<std::uint8_t> dscp, ecn;  // parts of tos; they win over it
  std::optional<std::uint32_t> length;    // the whole packet, header included, also for v6
  std::optional<std::uint32_t> id;        // 16 bits in v4, of the fragment header in v6
  std::optional<bool> df, mf, reserved;
  std::optional<std::uint16_t> offset;  // of a fragment, in octets
  std::optional<ChecksumSpec> checksum;
  std::optional<IpAddress> src, dst;
  std::optional<std::uint32_t> flow;
  Buffer options;                                    // v4, padded by emit
  std::optional<std::vector<Extension>> extensions;  // v6, without a fragment header of its own
  bool operator==(const IpSpec&) const = default;
};

struct TcpSpec {
  std::optional<std::uint16_t> src_port, dst_port;
  std::optional<Seq> seq, ack;
  std::optional<TcpFlags> flags;
  std::optional<std::uint16_t> window, urgent;
  std::optional<ChecksumSpec> checksum;
  std::optional<std::uint8_t> offset;  // words of four octets
  std::optional<std::uint8_t> reserved;
  Buffer options;  // emit pads with zeros to a multiple of four
  bool operator==(const TcpSpec&) const = default;
};

struct UdpSpec {
  std::optional<std::uint16_t> src_port, dst_port, length;
  std::optional<ChecksumSpec> checksum;
  bool operator==(const UdpSpec&) const = default;
};

/// ICMP of both families. Which fields overlay the second word depends on `type`; what follows
/// the eight octets (a quoted packet, echo data) is the frame's payload.
struct IcmpSpec {
  std::optional<std::uint8_t> type, code;
  std::optional<ChecksumSpec> checksum;
  std::optional<std::uint16_t> id, seq;                       // echo, timestamp
  std::optional<std::uint32_t> mtu;                           // 16 bits in v4
  std::optional<std::uint32_t> pointer;                       // 8 bits in v4
  std::optional<IpAddress> gateway;                           // v4 redirect
  std::optional<std::uint32_t> originate, receive, transmit;  // v4 timestamp
  bool operator==(const IcmpSpec&) const = default;
};

/// Neighbour discovery (RFC 4861 4). `options` as written replace all others.
struct NdSpec {
  std::optional<std::uint8_t> type, code;
  std::optional<ChecksumSpec> checksum;
  std::optional<IpAddress> target, destination;
  std::optional<bool> router, solicited, override_;
  std::optional<MacAddress> source_lla, target_lla;
  std::optional<std::uint16_t> lifetime;
  std::optional<std::uint8_t> hop_limit;
  std::optional<std::uint32_t> mtu;
  std::optional<IpPrefix> prefix;
  std::optional<Buffer> options;
  bool operator==(const NdSpec&) const = default;
};

/// A frame as a value. To send, set what matters: emit() fills the rest with right defaults and
/// writes what is set as it is, however wrong. dissect() sets every field as on the wire, so
/// emit(dissect(bytes)) == bytes for any octets. At most one of tcp, udp, icmp, icmpv6, nd is set;
/// `payload` follows the innermost header (without `ip` and `arp` it follows Ethernet's, without
/// `eth` it is the whole frame).
struct FrameSpec {
  std::optional<EthernetSpec> eth;
  std::optional<ArpSpec> arp;
  std::optional<IpSpec> ip;
  std::optional<TcpSpec> tcp;
  std::optional<UdpSpec> udp;
  std::optional<IcmpSpec> icmp;
  std::optional<IcmpSpec> icmpv6;
  std::optional<NdSpec> nd;
  Buffer payload;
  /// Octets after the IP packet's own length (Ethernet padding), set by dissect().
  Buffer trailer;

  bool operator==(const FrameSpec&) const = default;
  /// A piece of a fragmented packet, as ip.mf and ip.offset (or a fragment header) say.
  bool is_fragment() const;
};

/// The octets of `spec`. Never fails: a value too large for its field is cut to it.
Buffer emit(const FrameSpec& spec);
/// The same into a buffer that is reused: `out` is overwritten.
void emit_into(const FrameSpec& spec, Buffer& out);

/// Any octets. What cannot be parsed stays payload of the last layer that could.
FrameSpec dissect(Bytes frame);

/// One piece of a fragmented packet: `size` octets of the IP payload from `offset`; `data`, if
/// set, replaces them.
struct FragmentPiece {
  std::uint16_t size = 0;
  std::uint16_t offset = 0;
  bool more = false;
  std::optional<Buffer> data;
  bool operator==(const FragmentPiece&) const = default;
};

/// `spec`'s IP payload cut into `pieces`, a frame each, in their order. `id` is used unless
/// spec.ip sets one. Octets beyond the end of the payload are zero.
std::vector<Buffer> emit_fragments(const FrameSpec& spec, std::span<const FragmentPiece> pieces,
                                   std::uint32_t id);

namespace detail {
/// Where emit() puts the fragment header that ip.offset or ip.mf ask for: the index of the first
/// extension behind it. It follows what every hop reads (RFC 8200 4.5, the Per-Fragment headers).
std::size_t fragment_header_index(std::span<const Extension> extensions);
}  // namespace detail

}  // namespace tcproof::wire
