// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "harness/topology/netns.h"
#include "stack/wire/address.h"

namespace tcproof::harness {

/// A host to probe and perhaps its port.
struct Destination {
  wire::IpAddress address;
  std::optional<std::uint16_t> port;
};
/// What a user writes: `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]:443`,
/// `example.net:80`. Names are looked up; `family` chooses among their addresses. The error says
/// what is wrong. Broadcast and multicast addresses are refused.
tl::expected<Destination, std::string> find_destination(const std::string& text,
                                                        std::optional<wire::Family> family);

/// How packets leave for an address: the source address that the kernel's routes choose, and its
/// interface.
struct WayOut {
  wire::IpAddress from;
  std::string interface;
  std::uint32_t mtu = 0;
};
Tried<WayOut> find_way_out(const wire::IpAddress& to);

/// A loopback, veth, tun or tap interface of the present network namespace: nobody else's network.
bool is_virtual(const std::string& interface);

}  // namespace tcproof::harness
