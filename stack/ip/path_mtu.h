// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "stack/ip/address_hash.h"
#include "stack/wire/time.h"

namespace tcproof::ip {

/// What a "fragmentation needed" or Packet Too Big says.
struct TooBig {
  std::uint32_t mtu = 0;         // as claimed; 0: a router of RFC 792, which names none
  std::size_t quoted_total = 0;  // total length in the quoted header
  std::size_t quoted_header = 0;
};

/// What is known of the paths to each destination (RFC 1191, RFC 8201). A destination that is not in
/// here has the MTU of the first link. Messages only ever lower an estimate; age alone raises it.
class PathMtu {
 public:
  static constexpr std::size_t max_entries = 512;
  static constexpr std::uint32_t floor_v6 = 1280;  // RFC 8201 4
  /// RFC 1191 3 forbids less than 68. Segments of 28 octets would serve an attacker better than
  /// anybody else (RFC 5927 7.2), so below this the estimate stays here and DF is no longer set.
  static constexpr std::uint32_t floor_v4 = 552;
  static constexpr std::uint32_t least_v4 = 68;

  /// `lifetime` of an estimate: RFC 1191 6.3 and RFC 8201 5.3 ask for about 10 minutes. Empty: for
  /// ever.
  explicit PathMtu(std::optional<Duration> lifetime) : lifetime_(lifetime) {}

  /// The largest packet for `dst` over a first link of `link_mtu`.
  std::uint32_t get(const wire::IpAddress& dst, std::uint32_t link_mtu) const;
  /// False: the path is narrower than floor_v4 for all we know, so routers must be let fragment.
  bool may_set_df(const wire::IpAddress& dst) const;
  /// What a message about a packet that was really sent would make of the estimate. Empty: nothing,
  /// and `rule` says why.
  std::optional<std::uint32_t> judge(const wire::IpAddress& dst, const TooBig& message,
                                     std::uint32_t link_mtu, std::string_view& rule) const;
  /// The estimate is `mtu`, as judge() said. False: it is no higher already.
  bool lower(const wire::IpAddress& dst, std::uint32_t mtu, Instant now);

  /// Forgets what is old enough and says so for each destination.
  void expire(Instant now, const std::function<void(const wire::IpAddress& dst)>& aged);
  std::optional<Instant> next_deadline() const { return next_deadline_; }
  void flush();

 private:
  struct Entry {
    std::uint32_t mtu = 0;
    Instant lowered{};
  };

  void reschedule();

  std::optional<Duration> lifetime_;
  std::unordered_map<wire::IpAddress, Entry, AddressHash> entries_;
  std::optional<Instant> next_deadline_;
};

}  // namespace tcproof::ip
