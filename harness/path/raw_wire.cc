// SPDX-License-Identifier: Apache-2.0
#include "harness/path/raw_wire.h"

#include <cerrno>
#include <utility>

namespace tcproof::harness {

RawWire::RawWire(RawHost host, Ports ports, std::uint32_t seed)
    : host_(std::move(host)),
      craft_({.from = host_.from(),
              .to = host_.to(),
              .from_port = host_.port(),
              .tcp_port = ports.tcp,
              .udp_port = ports.udp,
              .mtu = host_.mtu(),
              .mss = ports.mss},
             seed) {}

Tried<std::unique_ptr<RawWire>> RawWire::open(const wire::IpAddress& to, Ports ports,
                                              std::uint32_t seed) {
  auto host = RawHost::open(to);
  if (!host) return tl::unexpected(host.error());
  return std::unique_ptr<RawWire>(new RawWire(std::move(*host), ports, seed));
}

RawWire::~RawWire() {
  for (const wire::Buffer& packet : craft_.hang_up()) host_.send(packet);
}

bool RawWire::send(const Probe& probe, std::uint16_t number) {
  bool taken = true;
  for (const wire::Buffer& packet : craft_.make(probe, number, now())) {
    taken = host_.send(packet) != EMSGSIZE && taken;
  }
  return taken;
}

std::optional<Heard> RawWire::wait(Instant until) {
  while (true) {
    const wire::Bytes packet = host_.receive(until);
    if (packet.empty()) return {};
    const auto heard = craft_.read(packet, now());
    for (const wire::Buffer& reply : craft_.take_replies()) host_.send(reply);
    if (heard) return heard;
    // A peer that has much to say is no reason to hear it all.
    if (now() >= until) return {};
  }
}

}  // namespace tcproof::harness
