// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>

#include "stack/host.h"
#include "stack/wire/frame.h"

// Goal: no octets from the wire make a host crash, hang or grow without bound. The input is a
// script: a control octet, a length, that many octets of a frame, and so on.

namespace {

using namespace tcproof;
using wire::Family;
using wire::IpAddress;

constexpr std::uint8_t repair = 1, let_time_pass = 2, use = 4;

stack::HostConfig config() {
  stack::HostConfig host;
  host.mac = {{2, 0, 0, 0, 0, 2}};
  host.v4 = wire::IpPrefix{IpAddress::v4(192, 0, 2, 2), 24};
  host.v6 = wire::IpPrefix{*wire::parse_ip("2001:db8::2"), 64};
  return host;
}

/// Random octets hardly ever have right checksums: without them no frame would come far.
wire::Buffer repaired(wire::Bytes octets) {
  wire::FrameSpec frame = wire::dissect(octets);
  if (frame.ip) frame.ip->checksum.reset();
  if (frame.tcp) frame.tcp->checksum.reset();
  if (frame.udp) frame.udp->checksum.reset();
  if (frame.icmp) frame.icmp->checksum.reset();
  if (frame.icmpv6) frame.icmpv6->checksum.reset();
  if (frame.nd) frame.nd->checksum.reset();
  return wire::emit(frame);
}

class Script {
 public:
  explicit Script(wire::Bytes rest) : rest_(rest) { open(); }

  void run() {
    while (rest_.size() >= 2) {
      const std::uint8_t control = rest_[0];
      const std::size_t size = std::min<std::size_t>(rest_[1], rest_.size() - 2);
      const wire::Bytes frame = rest_.subspan(2, size);
      rest_ = rest_.subspan(2 + size);
      if ((control & repair) != 0) {
        host_.input(repaired(frame), now_);
      } else {
        host_.input(frame, now_);
      }
      if ((control & let_time_pass) != 0) advance(std::chrono::milliseconds(control) * 100);
      if ((control & use) != 0) use_connections();
    }
    advance(10min);
  }

 private:
  void open() {
    for (const Family family : {Family::v4, Family::v6}) {
      ids_[count_++] = host_.open_passive(family, 5001, {}, now_).id;
      host_.bind_udp(family, 53);
    }
    ids_[count_++] = host_.open_active(IpAddress::v4(192, 0, 2, 1), 80, 40000, {}, now_).id;
  }
  void use_connections() {
    wire::Buffer octets(700);
    for (std::size_t i = 0; i < count_; ++i) {
      std::size_t n = 0;
      host_.send(ids_[i], octets, true, false, now_, n);
      host_.receive(ids_[i], octets, now_, n);
      if (i == octets[0] % 4U) host_.close(ids_[i], now_);
    }
  }
  void advance(Duration duration) {
    const Instant end = now_ + duration;
    for (int turns = 0; turns < 10000; ++turns) {
      const auto due = host_.next_deadline();
      if (!due || *due > end) break;
      now_ = std::max(now_, *due);
      host_.advance(now_);
    }
    now_ = end;
  }

  wire::Bytes rest_;
  Instant now_{};
  stack::Host host_{config(), {}};
  stack::ConnectionId ids_[3] = {};
  std::size_t count_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script({data, size}).run();
  return 0;
}
