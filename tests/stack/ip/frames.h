// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "stack/ip/interface.h"
#include "stack/wire/frame.h"

namespace tcproof::ip::test {

inline constexpr wire::MacAddress our_mac{{2, 0, 0, 0, 0, 2}};
inline constexpr wire::MacAddress peer_mac{{2, 0, 0, 0, 0, 1}};
inline const wire::IpAddress our_v4 = wire::IpAddress::v4(192, 0, 2, 2);
inline const wire::IpAddress peer_v4 = wire::IpAddress::v4(192, 0, 2, 1);
inline const wire::IpAddress our_v6 = *wire::parse_ip("2001:db8::2");
inline const wire::IpAddress peer_v6 = *wire::parse_ip("2001:db8::1");

inline Interface interface_under_test() {
  return {.mac = our_mac,
          .v4 = wire::IpPrefix{our_v4, 24},
          .v6 = wire::IpPrefix{our_v6, 64},
          .v4_router = wire::IpAddress::v4(192, 0, 2, 254),
          .v6_router = *wire::parse_ip("2001:db8::fe")};
}

/// Keeps what comes out.
class Collector : public FrameSink {
 public:
  void frame(wire::Bytes octets) override { frames.push_back(wire::dissect(octets)); }
  void trace(std::string_view rule) override { notes.emplace_back(rule); }
  void unresolved(wire::Bytes packet, Instant) override {
    gave_up.emplace_back(packet.begin(), packet.end());
  }
  void silent(const wire::IpAddress& next_hop) override { silent_hops.push_back(next_hop); }
  void answered(const wire::IpAddress&) override {}
  bool noted(std::string_view part) const {
    return std::ranges::any_of(
        notes, [&](const std::string& note) { return note.find(part) != std::string::npos; });
  }
  std::vector<wire::FrameSpec> frames;
  std::vector<std::string> notes;
  std::vector<wire::Buffer> gave_up;
  std::vector<wire::IpAddress> silent_hops;
};

/// What follows the Ethernet header of `spec`.
inline wire::Buffer packet_of(wire::FrameSpec spec) {
  spec.eth.reset();
  return wire::emit(spec);
}

}  // namespace tcproof::ip::test
