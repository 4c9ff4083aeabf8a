// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cassert>
#include <optional>

#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/numbers.h"

namespace tcproof::wire {

/// One option of neighbour discovery (RFC 4861 4.6) as it stands on the wire.
struct NdOptionView {
  std::uint8_t type = 0;
  bool malformed = false;  // the length is 0 or beyond the end: `raw` is all that is left
  Bytes body;              // after type and length
  Bytes raw;

  // Empty if the type is another or the body too short.
  constexpr std::optional<MacAddress> source_lla() const { return lla(nd_option::source_lla); }
  constexpr std::optional<MacAddress> target_lla() const { return lla(nd_option::target_lla); }
  constexpr std::optional<std::uint32_t> mtu() const {
    if (malformed || type != nd_option::mtu || body.size() < 6) return {};
    return be32(body, 2);
  }
  constexpr std::optional<IpPrefix> prefix() const {
    if (malformed || type != nd_option::prefix || body.size() < 30) return {};
    return IpPrefix{IpAddress::from(Family::v6, body.subspan(14)), body[0]};
  }

 private:
  constexpr std::optional<MacAddress> lla(std::uint8_t wanted) const {
    if (malformed || type != wanted || body.size() < 6) return {};
    return mac_at(body, 0);
  }
};

/// Walks an option area: `for (auto option : NdOptions(view.options()))`. It stops after a
/// malformed option, which it still yields.
class NdOptions {
 public:
  struct sentinel {};
  class iterator {
   public:
    constexpr explicit iterator(Bytes rest) : rest_(rest) { read(); }
    constexpr const NdOptionView& operator*() const { return option_; }
    constexpr const NdOptionView* operator->() const { return &option_; }
    constexpr iterator& operator++() {
      rest_ = rest_.subspan(option_.raw.size());
      read();
      return *this;
    }
    constexpr bool operator==(sentinel) const { return rest_.empty(); }

   private:
    constexpr void read() {
      if (rest_.empty()) return;
      const std::size_t size = rest_.size() < 2 ? 0 : std::size_t{rest_[1]} * 8;
      option_ = {rest_[0], size == 0 || size > rest_.size(), {}, rest_};
      if (option_.malformed) return;
      option_.raw = rest_.first(size);
      option_.body = option_.raw.subspan(2);
    }
    Bytes rest_;
    NdOptionView option_;
  };
  constexpr explicit NdOptions(Bytes area) : area_(area) {}
  constexpr iterator begin() const { return iterator(area_); }
  constexpr sentinel end() const { return {}; }
  /// Every option is well-formed (RFC 4861 7.1.1: all have a length greater than zero).
  constexpr bool well_formed() const {
    for (const NdOptionView& option : *this) {
      if (option.malformed) return false;
    }
    return true;
  }

 private:
  Bytes area_;
};

/// Router and neighbour solicitation and advertisement and redirect (RFC 4861 4), a checked view:
/// after parse() no accessor can fail.
class NdView {
 public:
  /// Empty if the type is none of the five or the message is shorter than its fixed part.
  static constexpr std::optional<NdView> parse(Bytes b) {
    if (b.empty() || fixed_size(b[0]) == 0 || b.size() < fixed_size(b[0])) return {};
    return NdView(b);
  }
  /// Octets before the options; 0 for a type that is not neighbour discovery.
  static constexpr std::size_t fixed_size(std::uint8_t type) {
    switch (type) {
      case icmpv6_type::router_solicitation: return 8;
      case icmpv6_type::router_advertisement: return 16;
      case icmpv6_type::neighbor_solicitation:
      case icmpv6_type::neighbor_advertisement: return 24;
      case icmpv6_type::redirect: return 40;
      default: return 0;
    }
  }
  constexpr std::uint8_t type() const { return b_[0]; }
  constexpr std::uint8_t code() const { return b_[1]; }
  constexpr std::uint16_t checksum() const { return be16(b_, 2); }
  /// The second word: flags and what is reserved.
  constexpr std::uint32_t word() const { return be32(b_, 4); }

  // Flags of a neighbour advertisement, false in every other message.
  constexpr bool router() const { return advertisement_flag(0x80000000); }
  constexpr bool solicited() const { return advertisement_flag(0x40000000); }
  constexpr bool override_() const { return advertisement_flag(0x20000000); }

  /// Empty but in neighbour solicitation and advertisement and in redirect.
  constexpr std::optional<IpAddress> target() const {
    if (fixed_size(type()) < 24) return {};
    return IpAddress::from(Family::v6, b_.subspan(8));
  }
  /// Empty but in redirect.
  constexpr std::optional<IpAddress> destination() const {
    if (type() != icmpv6_type::redirect) return {};
    return IpAddress::from(Family::v6, b_.subspan(24));
  }

  // Of a router advertisement; the caller has looked at the type.
  constexpr std::uint8_t hop_limit() const { return b_[4]; }
  constexpr bool managed() const { return (b_[5] & 0x80) != 0; }
  constexpr bool other() const { return (b_[5] & 0x40) != 0; }
  constexpr std::uint16_t lifetime() const { return be16(b_, 6); }  // seconds
  constexpr std::uint32_t reachable() const {                       // milliseconds
    assert(type() == icmpv6_type::router_advertisement);
    return be32(b_, 8);
  }
  constexpr std::uint32_t retransmit() const {  // milliseconds
    assert(type() == icmpv6_type::router_advertisement);
    return be32(b_, 12);
  }

  constexpr NdOptions options() const { return NdOptions(option_area()); }
  constexpr Bytes option_area() const { return b_.subspan(fixed_size(type())); }
  constexpr std::optional<MacAddress> source_lla() const {
    return first([](const NdOptionView& o) { return o.source_lla(); });
  }
  constexpr std::optional<MacAddress> target_lla() const {
    return first([](const NdOptionView& o) { return o.target_lla(); });
  }
  constexpr std::optional<std::uint32_t> mtu() const {
    return first([](const NdOptionView& o) { return o.mtu(); });
  }
  constexpr std::optional<IpPrefix> prefix() const {
    return first([](const NdOptionView& o) { return o.prefix(); });
  }
  /// The whole message, which the checksum covers.
  constexpr Bytes message() const { return b_; }

 private:
  constexpr explicit NdView(Bytes b) : b_(b) {}
  constexpr bool advertisement_flag(std::uint32_t bit) const {
    return type() == icmpv6_type::neighbor_advertisement && (word() & bit) != 0;
  }
  template <class Read>
  constexpr auto first(Read read) const -> decltype(read(NdOptionView{})) {
    for (const NdOptionView& option : options()) {
      if (const auto value = read(option)) return value;
    }
    return {};
  }
  Bytes b_;
};

}  // namespace tcproof::wire
