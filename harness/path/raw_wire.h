// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "harness/path/craft.h"
#include "harness/path/probe.h"
#include "harness/path/raw_host.h"

namespace tcproof::harness {

/// Probes over raw sockets: crafted packets on the host's own routes.
class RawWire final : public ProbeWire {
 public:
  struct Ports {
    std::uint16_t tcp = 80;
    std::uint16_t udp = 33434;
    std::optional<std::uint16_t> mss;  // to announce instead of the interface's
  };
  /// As RawHost::open(). The seed decides sequence numbers and ids.
  static Tried<std::unique_ptr<RawWire>> open(const wire::IpAddress& to, Ports ports,
                                              std::uint32_t seed);
  /// Resets the crafted connection.
  ~RawWire() override;

  Instant now() const override { return host_.now(); }
  std::uint32_t first_mtu() const override { return host_.mtu(); }
  wire::Family family() const override { return host_.to().family; }
  bool offers(Method) const override { return true; }
  bool send(const Probe& probe, std::uint16_t number) override;
  std::optional<Heard> wait(Instant until) override;
  TcpPeer tcp_peer() const override { return craft_.tcp_peer(); }

 private:
  RawWire(RawHost host, Ports ports, std::uint32_t seed);

  RawHost host_;
  Craft craft_;
};

}  // namespace tcproof::harness
