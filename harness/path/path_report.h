// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/path/probe.h"

namespace tcproof::harness {

/// What a path is like. In the order of what matters most to whom it stops, from black_hole on.
enum class PathClass : std::uint8_t {
  clear,        // the first link's MTU fits all the way
  icmp_ok,      // it does not, and a router says so as it should
  black_hole,   // it does not, and nobody says so
  wrong_icmp,   // somebody says so and is wrong
  clamped,      // a middlebox lowers the MSS of TCP
  asymmetric,   // the way back is narrower
  lossy,        // packets of all sizes get lost
  unreachable,  // no probe was answered
};
std::string_view to_string(PathClass cls);
/// 0, 0, and 10 to 15.
int exit_status_of(PathClass cls);

/// What every link must carry: RFC 791 3.2, RFC 8200 5.
std::uint32_t least_mtu(wire::Family family);

struct PathReport {
  PathClass cls = PathClass::unreachable;
  wire::IpAddress target;
  std::string method;  // "icmp", "auto (icmp, tcp)"
  std::uint32_t first_mtu = 0;
  std::uint32_t mtu = 0;            // 0: not found
  std::optional<std::uint8_t> hop;  // who drops, claims or clamps; 1 is the first router
  std::optional<wire::IpAddress> hop_address;
  std::optional<std::uint32_t> claimed;     // of wrong_icmp
  std::optional<std::uint32_t> return_mtu;  // of asymmetric
  std::optional<std::uint16_t> clamped_to;  // an MSS
  double loss = 0;                          // share of small probes without an answer
  unsigned copies = 0;                      // of each probe before silence is believed
  double confidence = 1;                    // that no silence was mere loss
  unsigned probes = 0;                      // all of them
  unsigned loss_probes = 0;                 // of these, small ones that measured loss
  unsigned tcp_probes = 0;  // of these, those that looked for a clamp and at the way back
  Duration took{};
  std::vector<std::string> notes;

  /// One sentence, and one of advice.
  std::string sentence() const;
  std::string advice() const;
};

}  // namespace tcproof::harness
