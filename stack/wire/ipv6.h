// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>

#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/numbers.h"

namespace tcproof::wire {

/// The fixed header (RFC 8200 3) as a value.
struct Ipv6Header {
  std::uint8_t version = 6;
  std::uint8_t traffic_class = 0;
  std::uint32_t flow = 0;            // 20 bits
  std::uint16_t payload_length = 0;  // extension headers included, this header not
  std::uint8_t next_header = 0;
  std::uint8_t hop_limit = 64;
  IpAddress src{Family::v6, {}}, dst{Family::v6, {}};

  static constexpr std::size_t size = 40;
  bool operator==(const Ipv6Header&) const = default;
};

/// Reads the 40 octets of a fixed header, nothing judged; the caller has checked the length.
constexpr Ipv6Header read_ipv6_header(Bytes b) {
  const std::uint32_t first = be32(b, 0);
  return {static_cast<std::uint8_t>(first >> 28),
          static_cast<std::uint8_t>(first >> 20),
          first & 0xfffff,
          be16(b, 4),
          b[6],
          b[7],
          IpAddress::from(Family::v6, b.subspan(8)),
          IpAddress::from(Family::v6, b.subspan(24))};
}

/// A checked view: after parse() no accessor can fail.
class Ipv6View {
  struct at {
    static constexpr std::size_t payload_length = 4, next_header = 6, hop_limit = 7, src = 8,
                                 dst = 24, payload = 40;
  };

 public:
  /// Empty if the version is not 6 or the payload length reaches beyond the end.
  static constexpr std::optional<Ipv6View> parse(Bytes b) {
    const auto view = parse_quoted(b);
    if (!view || view->payload_length() > b.size() - at::payload) return {};
    return view;
  }
  /// For a packet quoted in an ICMPv6 message: the payload length may reach beyond the end,
  /// payload() is what is there of it.
  static constexpr std::optional<Ipv6View> parse_quoted(Bytes b) {
    if (b.size() < at::payload || b[0] >> 4 != 6) return {};
    return Ipv6View(b);
  }
  constexpr std::uint8_t version() const { return b_[0] >> 4; }
  constexpr std::uint8_t traffic_class() const {
    return static_cast<std::uint8_t>(be16(b_, 0) >> 4);
  }
  constexpr std::uint8_t dscp() const { return traffic_class() >> 2; }
  constexpr std::uint8_t ecn() const { return traffic_class() & 3; }
  constexpr std::uint32_t flow() const { return be32(b_, 0) & 0xfffff; }
  constexpr std::uint16_t payload_length() const { return be16(b_, at::payload_length); }
  constexpr std::uint8_t next_header() const { return b_[at::next_header]; }
  constexpr std::uint8_t hop_limit() const { return b_[at::hop_limit]; }
  constexpr IpAddress src() const { return IpAddress::from(Family::v6, b_.subspan(at::src)); }
  constexpr IpAddress dst() const { return IpAddress::from(Family::v6, b_.subspan(at::dst)); }
  /// Extension headers and all that follows, without what lies beyond the payload length.
  constexpr Bytes payload() const { return packet().subspan(at::payload); }
  /// Header and payload, as far as they are there.
  constexpr Bytes packet() const {
    return b_.first(std::min(b_.size(), at::payload + payload_length()));
  }
  constexpr Ipv6Header header() const { return read_ipv6_header(b_); }

 private:
  constexpr explicit Ipv6View(Bytes b) : b_(b) {}
  Bytes b_;
};

/// Writes 40 octets to the front of `out`.
constexpr void emit(const Ipv6Header& header, MutableBytes out) {
  put32(out, 0,
        std::uint32_t{header.version} << 28 | std::uint32_t{header.traffic_class} << 20 |
            (header.flow & 0xfffff));
  put16(out, 4, header.payload_length);
  out[6] = header.next_header;
  out[7] = header.hop_limit;
  put_ip(out, 8, header.src, Family::v6);
  put_ip(out, 24, header.dst, Family::v6);
}

/// The fragment header (RFC 8200 4.5).
class FragmentView {
 public:
  /// Empty if fewer than eight octets are there.
  static constexpr std::optional<FragmentView> parse(Bytes b) {
    if (b.size() < size) return {};
    return FragmentView(b);
  }
  constexpr std::uint8_t next_header() const { return b_[0]; }
  /// In octets.
  constexpr std::uint16_t offset() const { return be16(b_, 2) & 0xfff8; }
  constexpr bool more() const { return (b_[3] & 1) != 0; }
  constexpr std::uint32_t id() const { return be32(b_, 4); }
  /// The bits that are sent as zero: the second octet and two bits beside the flag.
  constexpr bool reserved_is_zero() const { return b_[1] == 0 && (b_[3] & 6) == 0; }

  static constexpr std::size_t size = 8;

 private:
  constexpr explicit FragmentView(Bytes b) : b_(b) {}
  Bytes b_;
};

/// Writes eight octets to the front of `out`; `offset` in octets.
constexpr void emit_fragment_header(std::uint8_t next_header, std::uint16_t offset, bool more,
                                    std::uint32_t id, MutableBytes out) {
  out[0] = next_header;
  out[1] = 0;
  put16(out, 2, static_cast<std::uint16_t>((offset & 0xfff8) | (more ? 1 : 0)));
  put32(out, 4, id);
}

/// Hop-by-hop, routing, fragment, destination options: what ExtensionWalker steps over.
constexpr bool is_extension(std::uint8_t next_header) {
  return next_header == ip_protocol::hop_by_hop || next_header == ip_protocol::routing ||
         next_header == ip_protocol::fragment || next_header == ip_protocol::destination;
}

/// One extension header as it stands on the wire.
struct ExtensionView {
  std::uint8_t type = 0;   // what the header before said it is
  std::uint8_t next = 0;   // what follows it
  std::size_t offset = 0;  // of `raw` from the start of the walked payload
  Bytes raw;
  Bytes body;  // after the next-header octet and, but for fragment, after the length octet
};

/// Walks the extension headers: call next() until it is empty, then ask for the upper layer.
///   ExtensionWalker walk(view.next_header(), view.payload());
///   while (auto extension = walk.next()) ...
class ExtensionWalker {
 public:
  constexpr ExtensionWalker(std::uint8_t next_header, Bytes payload)
      : payload_(payload), type_(next_header) {}

  /// The next extension header. Empty at the upper-layer header, at a header that does not fit
  /// into the payload, and behind the fragment header of a later fragment, whose octets are none.
  constexpr std::optional<ExtensionView> next() {
    if (!is_extension(type_) || later_fragment_) return {};
    const Bytes left = rest();
    malformed_ = left.size() < 8;
    if (malformed_) return {};
    const bool is_fragment = type_ == ip_protocol::fragment;
    const std::size_t size = is_fragment ? 8 : (std::size_t{left[1]} + 1) * 8;
    malformed_ = size > left.size();
    if (malformed_) return {};
    const Bytes raw = left.first(size);
    const ExtensionView extension{type_, raw[0], offset_, raw, raw.subspan(is_fragment ? 1 : 2)};
    later_fragment_ = is_fragment && FragmentView::parse(raw)->offset() != 0;
    type_ = raw[0];
    next_header_at_ = offset_;
    offset_ += size;
    return extension;
  }

  /// The type of the header at rest().
  constexpr std::uint8_t protocol() const { return type_; }
  constexpr Bytes rest() const { return payload_.subspan(offset_); }
  /// Of rest(), from the start of the payload.
  constexpr std::size_t offset() const { return offset_; }
  /// Where the octet stands that said protocol(), from the start of the payload; empty: it is the
  /// next-header octet of the fixed header. For parameter problem, code 1 (RFC 8200 4).
  constexpr std::optional<std::size_t> next_header_at() const { return next_header_at_; }
  /// The walk ended at an extension header that does not fit into the payload.
  constexpr bool malformed() const { return malformed_; }
  constexpr bool later_fragment() const { return later_fragment_; }

 private:
  Bytes payload_;
  std::size_t offset_ = 0;
  std::optional<std::size_t> next_header_at_;
  std::uint8_t type_;
  bool malformed_ = false;
  bool later_fragment_ = false;
};

}  // namespace tcproof::wire
