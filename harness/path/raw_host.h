// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "harness/topology/netns.h"
#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/time.h"

namespace tcproof::harness {

/// IP packets of one's own out and in, between this host and one other. Two neighbouring ports are
/// held, for TCP and UDP, by sockets whose filter drops everything, so that the kernel neither
/// answers nor resets what is crafted on them; no setting of the host is touched.
///
/// Raw sockets hear what comes in, as any program of this host would: a packet socket would see it
/// before the host's own filters do, but closing one takes the kernel longer than a whole diagnosis.
class RawHost {
 public:
  /// Needs CAP_NET_RAW; lacks_privilege() tells that refusal from others.
  static Tried<RawHost> open(const wire::IpAddress& to);

  Instant now() const;
  /// An IP packet, header first: 0 or errno (EMSGSIZE: larger than the interface takes).
  int send(wire::Bytes packet);
  /// The next IP packet that comes in from the other host, or with ICMP from whomever, until the next
  /// call; empty when `until` has come. Of one that came in pieces it is the largest piece, in the form
  /// of the first.
  wire::Bytes receive(Instant until);

  const wire::IpAddress& from() const { return from_; }
  const wire::IpAddress& to() const { return to_; }
  /// The lower one of the two ports.
  std::uint16_t port() const { return port_; }
  std::uint32_t mtu() const { return mtu_; }

 private:
  RawHost() = default;
  wire::Bytes hear(std::size_t which);

  wire::IpAddress from_, to_;
  std::uint32_t mtu_ = 0;
  std::uint16_t port_ = 0;
  UniqueFd out_;
  std::array<UniqueFd, 3> in_;  // ICMP, TCP, UDP
  std::array<UniqueFd, 4> guards_;
  std::vector<std::uint8_t> buffer_;
};

/// Whether an error of RawHost::open() is a missing privilege.
bool lacks_privilege(const EnvironmentError& error);

}  // namespace tcproof::harness
