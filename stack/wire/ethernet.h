// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "stack/wire/address.h"
#include "stack/wire/bytes.h"

namespace tcproof::wire {

/// Reads the six octets at `at`; the caller has checked the length.
constexpr MacAddress mac_at(Bytes b, std::size_t at) {
  MacAddress mac;
  for (std::size_t i = 0; i < mac.octets.size(); ++i) mac.octets[i] = b[at + i];
  return mac;
}
constexpr void put_mac(MutableBytes b, std::size_t at, const MacAddress& mac) {
  for (std::size_t i = 0; i < mac.octets.size(); ++i) b[at + i] = mac.octets[i];
}

/// An Ethernet II header as a value.
struct EthernetHeader {
  MacAddress dst, src;
  std::uint16_t type = 0;  // ether_type, or an 802.3 length below 0x600

  static constexpr std::size_t size = 14;
  bool operator==(const EthernetHeader&) const = default;
};

/// A checked view: after parse() no accessor can fail.
class EthernetView {
  struct at {
    static constexpr std::size_t dst = 0, src = 6, type = 12, payload = 14;
  };

 public:
  /// Empty if fewer than 14 octets are there.
  static constexpr std::optional<EthernetView> parse(Bytes b) {
    if (b.size() < at::payload) return {};
    return EthernetView(b);
  }
  constexpr MacAddress dst() const { return mac_at(b_, at::dst); }
  constexpr MacAddress src() const { return mac_at(b_, at::src); }
  constexpr std::uint16_t type() const { return be16(b_, at::type); }
  /// Everything after the header, padding included.
  constexpr Bytes payload() const { return b_.subspan(at::payload); }
  constexpr EthernetHeader header() const { return {dst(), src(), type()}; }

 private:
  constexpr explicit EthernetView(Bytes b) : b_(b) {}
  Bytes b_;
};

/// Writes 14 octets to the front of `out`.
constexpr void emit(const EthernetHeader& header, MutableBytes out) {
  put_mac(out, 0, header.dst);
  put_mac(out, 6, header.src);
  put16(out, 12, header.type);
}

}  // namespace tcproof::wire
