// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stack/wire/address.h"
#include "stack/wire/time.h"

namespace tcproof::checks {

using HostId = std::uint8_t;
using LinkId = std::uint8_t;

/// What a forwarding host does with a packet that it cannot forward.
struct RouterBehaviour {
  enum class TooBig : std::uint8_t { send, drop, claim } too_big = TooBig::send;
  std::uint32_t claimed_mtu = 0;  // of TooBig::claim; 0 as a router of RFC 792 says
  bool time_exceeded = true;
  bool unreachable = true;
  std::uint16_t quotes = 28;  // octets of the dropped IPv4 packet; IPv6 fills 1280
  std::optional<std::uint16_t> mss_clamp;
  std::optional<std::uint32_t> icmp_rate;  // errors a second and of each kind at once
};

struct NetworkHost {
  std::string name;
  wire::MacAddress mac;
  bool forwards = false;
  RouterBehaviour router;
};

/// What happens to frames on their way to one end of a link. Probabilities are 0 to 1.
struct Impairment {
  Duration delay{}, jitter{};
  std::uint64_t rate_bps = 0;  // 0: no limit
  std::uint32_t queue = 0;     // frames; 0: no limit
  double loss = 0, duplicate = 0, reorder = 0, corrupt = 0;
  std::uint32_t mtu = 0;  // the sending router's for this direction alone; 0: the link's
  /// Frames pass as over a plain cable; `mtu` is the router's business, not the cable's.
  bool none() const;
};

struct LinkEnd {
  HostId host = 0;
  std::optional<wire::IpPrefix> v4, v6;
  Impairment towards;  // frames towards this end
};

struct NetworkLink {
  std::string name;
  std::uint32_t mtu = 1500;
  std::vector<LinkEnd> ends;  // two
  bool capture = false;

  /// What a host at one end may send to the other.
  std::uint32_t mtu_from(HostId sender) const;
};

/// The network a case plays in (docs/case-language.md 7), all variables resolved. Plain data: it is
/// here because the judge must know who a frame is from; harness/topology reads and builds it.
struct Network {
  std::string name;
  std::vector<NetworkHost> hosts;
  std::vector<NetworkLink> links;
  HostId tester = 0;
  HostId target = 0;

  const NetworkHost* find_host(std::string_view name) const;
  std::optional<HostId> host_id(std::string_view name) const;
  std::optional<LinkId> link_id(std::string_view name) const;
  /// The only link of the target: where its frames are judged.
  LinkId target_link() const;
  /// The link on which `host` speaks to the target: its own if it is there, else its first.
  LinkId link_of(HostId host) const;
  /// The address of `host` on the link nearest the target.
  std::optional<wire::IpAddress> address(HostId host, wire::Family family) const;
  std::optional<HostId> owner(const wire::IpAddress& address) const;
  std::optional<HostId> owner(const wire::MacAddress& mac) const;
  /// The MAC a frame of `from` must have as destination to reach `to`: its own, or the next
  /// router's.
  wire::MacAddress next_hop_mac(HostId from, LinkId link, const wire::IpAddress& to) const;
};

}  // namespace tcproof::checks
