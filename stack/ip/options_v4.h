// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/icmp.h"
#include "stack/wire/time.h"

namespace tcproof::ip {

/// IPv4 options that a host sends, in whole words, and where the packet goes first because of them.
struct OptionsV4 {
  std::array<std::uint8_t, 40> octets{};
  std::size_t size = 0;
  /// The first hop of a source route: the destination in the header, while the options name the
  /// true one last (RFC 791 3.1).
  std::optional<wire::IpAddress> first_hop;

  wire::Bytes bytes() const { return wire::Bytes(octets).first(size); }
};

/// What is wrong with the options of a packet that came, if anything is: the rule and the ICMP
/// error (RFC 1122 3.2.1.8, 3.2.2.5, 3.3.5). An option that nobody knows is passed over.
struct OptionFault {
  std::string_view rule;
  wire::IcmpHeader answer;
};
std::optional<OptionFault> check_options(wire::Bytes options);

/// A loose source route over `hops`, one to nine of them, to `dst` (RFC 791 3.1). Empty: too many or
/// none.
std::optional<OptionsV4> source_route(std::span<const wire::IpAddress> hops,
                                      const wire::IpAddress& dst);

/// The source route of a packet that has come to its end here, turned round, so that it leads back
/// to `src` (RFC 1122 3.2.1.8 c). The option may name `src` already; it is not named twice. Empty:
/// there is none. `options` have passed check_options().
std::optional<OptionsV4> return_route(wire::Bytes options, const wire::IpAddress& src);

/// The options of an echo reply: record route and timestamp with our entry added, a source route
/// turned round (RFC 1122 3.2.2.6). The clock is the host's own, which RFC 791 has marked by the
/// highest bit.
OptionsV4 reply_options(wire::Bytes options, const wire::IpAddress& src, const wire::IpAddress& us,
                        Instant now);

/// What timestamps of RFC 791 and 792 say: milliseconds of a clock that does not count from midnight
/// UT, which the highest bit tells.
std::uint32_t clock_of_timestamps(Instant now);

/// Those of `options` that every fragment carries (RFC 791 3.1: the copied flag).
OptionsV4 copied_options(wire::Bytes options);

}  // namespace tcproof::ip
