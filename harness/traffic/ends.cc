// SPDX-License-Identifier: Apache-2.0
#include "harness/traffic/ends.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "harness/topology/netns_netlink.h"
#include "harness/topology/netns_user.h"
#include "harness/traffic/profile_reader.h"

namespace tcproof::harness {
namespace {

constexpr const char* sender_name = "gen0";
constexpr const char* receiver_name = "gen1";

/// A device that is up loses frames without a word until its queue is there.
Tried<void> wait_operational(Netlink& link, const std::string& device) {
  constexpr int longest_wait_ms = 2000;
  for (int waited = 0; waited < longest_wait_ms; ++waited) {
    const auto up = link.operational(device);
    if (!up) return tl::unexpected(up.error());
    if (*up) return {};
    ::poll(nullptr, 0, 1);
  }
  return tl::unexpected(environment_error("wait for " + device + " to come up", ETIMEDOUT));
}

Tried<void> bring_up(const Namespace& space, Netlink& link, const std::string& device) {
  if (has_ipv6()) {
    if (auto done = link.without_link_local(device); !done) return done;
  }
  if (auto done = switch_offloads_off(space, device); !done) return done;
  return link.set_up(device);
}

std::optional<DeviceCounters> counters_of(const std::string& device) {
  std::ifstream table("/proc/thread-self/net/dev");
  for (std::string line; std::getline(table, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::istringstream name(line.substr(0, colon));
    std::string found;
    name >> found;
    if (found != device) continue;
    std::istringstream numbers(line.substr(colon + 1));
    std::uint64_t octets = 0, other = 0;
    DeviceCounters counters;
    numbers >> octets >> counters.rx_packets >> counters.rx_errors >> counters.rx_dropped;
    numbers >> other >> other >> other >> other;
    numbers >> octets >> counters.tx_packets >> counters.tx_errors >> counters.tx_dropped;
    return counters;
  }
  return {};
}

}  // namespace

Tried<Ends> Ends::make_pair(std::uint32_t mtu, unsigned queues) {
  if (auto ready = become_network_admin(); !ready) return tl::unexpected(ready.error());
  Ends ends;
  auto here = Namespace::make();
  if (!here) return tl::unexpected(here.error());
  auto there = Namespace::make();
  if (!there) return tl::unexpected(there.error());
  auto near = Netlink::open(*here);
  if (!near) return tl::unexpected(near.error());
  auto far = Netlink::open(*there);
  if (!far) return tl::unexpected(far.error());
  const TrafficEnds usual;
  const Device sender{sender_name, usual.sender_mac};
  const Device receiver{receiver_name, usual.receiver_mac};
  if (auto done = near->add_pair(sender, receiver, *there, mtu, queues); !done) {
    return tl::unexpected(done.error());
  }
  if (auto done = bring_up(*here, *near, sender_name); !done) return tl::unexpected(done.error());
  if (auto done = bring_up(*there, *far, receiver_name); !done) return tl::unexpected(done.error());
  if (auto up = wait_operational(*near, sender_name); !up) return tl::unexpected(up.error());
  if (auto up = wait_operational(*far, receiver_name); !up) return tl::unexpected(up.error());
  ends.sender_space_ = std::move(*here);
  ends.receiver_space_ = std::move(*there);
  ends.sender_ = sender_name;
  ends.receiver_ = receiver_name;
  return ends;
}

Ends Ends::of_interfaces(std::string sender, std::string receiver) {
  Ends ends;
  ends.sender_ = std::move(sender);
  ends.receiver_ = std::move(receiver);
  return ends;
}

std::optional<DeviceCounters> Ends::sender_counters() const {
  return at_sender([this] { return counters_of(sender_); });
}

std::optional<DeviceCounters> Ends::receiver_counters() const {
  if (receiver_.empty()) return {};
  return at_receiver([this] { return counters_of(receiver_); });
}

bool Ends::segmentation_offload() const {
  return at_sender([this] {
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    for (const std::uint32_t command : {std::uint32_t{ETHTOOL_GTSO}, std::uint32_t{ETHTOOL_GGSO}}) {
      ethtool_value value{command, 0};
      ifreq request{};
      std::strncpy(request.ifr_name, sender_.c_str(), IFNAMSIZ - 1);
      request.ifr_data = reinterpret_cast<char*>(&value);
      if (::ioctl(socket.get(), SIOCETHTOOL, &request) == 0 && value.data != 0) return true;
    }
    return false;
  });
}

std::string Ends::sender_trouble() const {
  return at_sender([this]() -> std::string {
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return {};
    ifreq request{};
    std::strncpy(request.ifr_name, sender_.c_str(), IFNAMSIZ - 1);
    if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return sender_ + " is gone";
    if ((request.ifr_flags & IFF_UP) == 0) return sender_ + " is down";
    if ((request.ifr_flags & IFF_RUNNING) == 0) return sender_ + " has no carrier";
    return {};
  });
}

}  // namespace tcproof::harness
