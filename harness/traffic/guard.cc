// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "generator/template.h"
#include "harness/traffic/ends.h"

namespace tcproof::harness {
namespace {

constexpr std::uint64_t looked_at = 4096;

tl::unexpected<Diagnostics> refuse(std::string message, std::string cure) {
  return tl::unexpected(
      Diagnostics{Diagnostic{.message = std::move(message), .cure = std::move(cure)}});
}

bool named(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A destination that more than one host takes for itself, if packet `k` has one.
std::string group_in(const generator::Stream& stream, std::uint64_t k) {
  const wire::FrameSpec frame = generator::frame_at(stream, k);
  if (frame.eth && frame.eth->dst && frame.eth->dst->is_group()) return to_string(*frame.eth->dst);
  if (!frame.ip || !frame.ip->dst) return {};
  const bool group = frame.ip->dst->is_multicast() || *frame.ip->dst == wire::ipv4_broadcast;
  return group ? to_string(*frame.ip->dst) : std::string();
}

}  // namespace

DeviceKind device_kind(const std::string& interface) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  if (!socket || interface.size() >= IFNAMSIZ) return DeviceKind::missing;
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return DeviceKind::missing;
  if ((request.ifr_flags & IFF_LOOPBACK) != 0) return DeviceKind::loopback;
  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  request.ifr_data = reinterpret_cast<char*>(&driver);
  if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0) return DeviceKind::other;
  if (std::strcmp(driver.driver, "veth") == 0) return DeviceKind::veth;
  if (std::strcmp(driver.driver, "tun") == 0) return DeviceKind::tap;
  return DeviceKind::other;
}

void limit_rate(generator::Profile& profile, double rate) {
  using Kind = generator::Schedule::Kind;
  const double share = rate / static_cast<double>(profile.streams.size());
  for (generator::Stream& stream : profile.streams) {
    generator::Schedule slow{.kind = Kind::packets, .rate = share};
    const generator::Schedule& now = stream.schedule;
    const bool slower =
        (now.kind == Kind::packets || now.kind == Kind::poisson) && now.rate < share;
    if (!slower) stream.schedule = slow;
  }
}

Loaded<generator::Profile> guarded(generator::Profile profile, const std::string& interface,
                                   DeviceKind kind, const Guard& guard) {
  if (kind == DeviceKind::missing) {
    return refuse(fmt::format("there is no interface '{}' here", interface),
                  "ip link shows them; without --to a pair of its own is made");
  }
  if (kind == DeviceKind::other && !named(guard.allowed_interfaces, interface)) {
    return refuse(fmt::format("'{}' is neither loopback, veth nor tap", interface),
                  fmt::format("to send there all the same: --allow-interface {}", interface));
  }
  for (const generator::Stream& stream : profile.streams) {
    for (std::uint64_t k = 0; k < looked_at; ++k) {
      const std::string group = group_in(stream, k);
      if (group.empty() || named(guard.allowed_groups, group)) continue;
      return refuse(fmt::format("stream '{}' sends to {}, which every host on the link takes",
                                stream.name, group),
                    fmt::format("to send there all the same: --allow-group {}", group));
    }
  }
  if (guard.rate) {
    limit_rate(profile, *guard.rate);
  } else if (kind == DeviceKind::other) {
    limit_rate(profile, Guard::slow);
  }
  return profile;
}

}  // namespace tcproof::harness
