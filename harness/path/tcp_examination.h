// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/path/asker.h"
#include "harness/path/probe.h"
#include "harness/path/size_search.h"

namespace tcproof::harness {

/// What only an open TCP connection shows.
struct TcpFindings {
  std::optional<std::uint16_t> clamped_to;  // the MSS that our SYN had after the clamp
  std::optional<std::uint8_t> clamp_hop;
  std::optional<wire::IpAddress> clamp_address;
  std::optional<std::uint32_t> return_mtu;
  std::vector<std::string> notes;
};

/// Looks for a middlebox that rewrites the MSS option, by the quotes of SYNs whose TTL ends on the
/// way, and at the size of what the peer sends. The connection is open.
class TcpExamination {
 public:
  TcpExamination(Asker& asker, ProbeWire& wire, unsigned copies)
      : asker_(asker), wire_(wire), copies_(copies) {}
  /// `sizes`: what is known of the way there, and perhaps back.
  TcpFindings run(const SizeFindings& sizes);

 private:
  void look_for_clamp(std::uint16_t announced);
  void look_back(std::uint32_t mtu);

  Asker& asker_;
  ProbeWire& wire_;
  unsigned copies_;
  TcpFindings found_;
};

}  // namespace tcproof::harness
