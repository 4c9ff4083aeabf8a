// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/numbers.h"

namespace tcproof::wire {

/// An ARP packet (RFC 826) in the layout of Ethernet and IPv4. `hlen` and `plen` are what the
/// packet says; the layout does not follow them, so that a packet can lie.
struct ArpHeader {
  std::uint16_t htype = 1;
  std::uint16_t ptype = ether_type::ipv4;
  std::uint8_t hlen = 6;
  std::uint8_t plen = 4;
  std::uint16_t op = arp_op::request;
  MacAddress sha;
  IpAddress spa;
  MacAddress tha;
  IpAddress tpa;

  static constexpr std::size_t size = 28;
  bool operator==(const ArpHeader&) const = default;
};

/// A checked view: after parse() no accessor can fail.
class ArpView {
  struct at {
    static constexpr std::size_t htype = 0, ptype = 2, hlen = 4, plen = 5, op = 6, sha = 8,
                                 spa = 14, tha = 18, tpa = 24, end = 28;
  };

 public:
  /// Empty if fewer than 28 octets are there.
  static constexpr std::optional<ArpView> parse(Bytes b) {
    if (b.size() < at::end) return {};
    return ArpView(b);
  }
  constexpr std::uint16_t htype() const { return be16(b_, at::htype); }
  constexpr std::uint16_t ptype() const { return be16(b_, at::ptype); }
  constexpr std::uint8_t hlen() const { return b_[at::hlen]; }
  constexpr std::uint8_t plen() const { return b_[at::plen]; }
  constexpr std::uint16_t op() const { return be16(b_, at::op); }
  constexpr MacAddress sha() const { return mac_at(b_, at::sha); }
  constexpr IpAddress spa() const { return IpAddress::from(Family::v4, b_.subspan(at::spa)); }
  constexpr MacAddress tha() const { return mac_at(b_, at::tha); }
  constexpr IpAddress tpa() const { return IpAddress::from(Family::v4, b_.subspan(at::tpa)); }
  /// It says of itself that it maps IPv4 addresses to Ethernet ones.
  constexpr bool is_ethernet_ipv4() const {
    return htype() == 1 && ptype() == ether_type::ipv4 && hlen() == 6 && plen() == 4;
  }
  constexpr ArpHeader header() const {
    return {htype(), ptype(), hlen(), plen(), op(), sha(), spa(), tha(), tpa()};
  }

 private:
  constexpr explicit ArpView(Bytes b) : b_(b) {}
  Bytes b_;
};

/// Writes 28 octets to the front of `out`.
constexpr void emit(const ArpHeader& header, MutableBytes out) {
  put16(out, 0, header.htype);
  put16(out, 2, header.ptype);
  out[4] = header.hlen;
  out[5] = header.plen;
  put16(out, 6, header.op);
  put_mac(out, 8, header.sha);
  put_ip(out, 14, header.spa, Family::v4);
  put_mac(out, 18, header.tha);
  put_ip(out, 24, header.tpa, Family::v4);
}

}  // namespace tcproof::wire
