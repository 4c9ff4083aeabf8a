// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "checks/match.h"

namespace tcproof::checks {
namespace {

constexpr std::size_t ipv6_header = 40;

/// The octets that routers change on the way: TTL or hop limit, and the header checksum of IPv4.
void blank_what_routers_change(wire::Buffer& packet) {
  if (packet.empty()) return;
  if (packet[0] >> 4 == 4 && packet.size() >= 12) packet[8] = packet[10] = packet[11] = 0;
  if (packet[0] >> 4 == 6 && packet.size() >= 8) packet[7] = 0;
}

/// How much of `packet` an ICMP error quotes at least (RFC 792; RFC 4443 2.4 asks for as much as
/// fits).
std::size_t least_quote(const wire::Buffer& packet) {
  if (packet.empty()) return 0;
  const bool v4 = packet[0] >> 4 == 4;
  const std::size_t most = 1280 - ipv6_header - 8;
  const std::size_t least = v4 ? std::size_t{packet[0]} % 16 * 4 + 8 : most;
  return std::min(least, packet.size());
}

Mismatch wrong_quote(std::string what) {
  return {{}, "the quoted packet: " + std::move(what)};
}

}  // namespace

std::optional<Mismatch> Matcher::quote(const FramePattern& pattern, const wire::FrameSpec& frame) {
  if (!pattern.quotes && !pattern.quote_length) return {};
  if (!frame.icmp && !frame.icmpv6) return wrong_quote("there is none");
  wire::Buffer quoted = frame.payload;
  if (pattern.quote_length) {
    const auto length = static_cast<std::int64_t>(quoted.size());
    if (!fits(*pattern.quote_length, length, Side::none, Compare::plain)) {
      return wrong_quote(
          fmt::format("{} octets, expected {}", length, shown(*pattern.quote_length, Side::none)));
    }
  }
  if (!pattern.quotes) return {};
  if (const auto* line = std::get_if<SegmentPattern>(&*pattern.quotes))
    return quoted_segment(*line, quoted);
  const SavedFrame* saved = scope_.names().frame(std::get<std::string>(*pattern.quotes));
  if (saved == nullptr) return wrong_quote("the saved frame has not been seen");
  wire::Buffer original = saved->packet;
  if (!pattern.quote_length && quoted.size() < least_quote(original)) {
    return wrong_quote(
        fmt::format("{} octets, expected at least {}", quoted.size(), least_quote(original)));
  }
  blank_what_routers_change(original);
  blank_what_routers_change(quoted);
  const std::size_t common = std::min(original.size(), quoted.size());
  if (auto wrong =
          difference(wire::Bytes(quoted).first(common), wire::Bytes(original).first(common))) {
    return wrong_quote(*wrong);
  }
  return {};
}

std::optional<Mismatch> Matcher::quoted_segment(const SegmentPattern& pattern,
                                                const wire::Buffer& quoted) {
  // Only ports and sequence number are sure to be there (RFC 792: eight octets).
  if (quoted.empty()) return wrong_quote("there is none");
  const std::size_t header = quoted[0] >> 4 == 4 ? std::size_t{quoted[0]} % 16 * 4 : ipv6_header;
  if (quoted.size() < header + 8) return wrong_quote("it ends before the sequence number");
  const std::uint32_t seq = wire::be32(quoted, header + 4) - scope_.base().target.value;
  if (fits(pattern.first, seq, Side::target, Compare::modulo)) return {};
  return wrong_quote(
      fmt::format("first octet {}, expected {}", seq, shown(pattern.first, Side::target)));
}

}  // namespace tcproof::checks
