// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "checks/network.h"
#include "stack/wire/bytes.h"
#include "stack/wire/time.h"

namespace tcproof::harness {

/// Proves that everything immediate has happened, without waiting: on a veth pair frames are
/// handled in order, so when a probe sent after a stimulus is answered, what the stimulus caused is
/// in. The probe is an ARP request from 0.0.0.0 (RFC 5227 1.1: it teaches its receiver nothing)
/// whose sender's MAC is the fence's own, which tells its answers from all others. On a routed path
/// every hop is asked, to the target and back, because a forwarded frame joins the next link's
/// queue only when the router gets to it. No I/O and no clock in here.
class Fence {
 public:
  /// `path`: the links from the tester to the target. A host with no IPv4 address is asked by a
  /// neighbour solicitation from :: instead.
  Fence(const checks::Network& network, const std::vector<checks::LinkId>& path);

  struct Probe {
    checks::LinkId link;
    wire::Buffer octets;
  };

  bool open() const { return open_; }
  /// Starts anew at the first hop; the answers of an older one are still invisible.
  Probe start(Instant now);
  /// The probe of the present hop again, with its own number.
  Probe again(Instant now);
  /// When again() is due; empty if the fence is closed.
  std::optional<Instant> due() const;
  /// Asked this long without an answer.
  bool hopeless(Instant now) const;
  void give_up() { open_ = false; }

  enum class Taken : std::uint8_t {
    no,      // the frame is not ours
    yes,     // an answer: invisible, the fence stays as it is
    onward,  // the hop is passed: send again()
    closed,  // the last hop is passed
  };
  Taken take(checks::LinkId link, wire::Bytes frame);

 private:
  struct Hop {
    checks::LinkId link;
    wire::IpAddress asked;
  };
  bool is_advertisement(const Hop& hop, wire::Bytes frame) const;
  wire::MacAddress probe_mac() const;

  std::vector<Hop> hops_;
  std::size_t at_ = 0;
  bool open_ = false;
  std::uint32_t number_ = 0;  // of the last probe
  std::uint32_t tries_ = 0;   // of the present hop
  Instant started_{}, sent_{};
};

}  // namespace tcproof::harness
