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

/// The first number of 224.0.0.0/4, and with the group bit the first of a MAC address (IEEE 802).
constexpr std::uint64_t first_multicast = 0xe0000000, group_bit = std::uint64_t{1} << 40;

tl::unexpected<Diagnostics> refuse(std::string message, std::string cure) {
  return tl::unexpected(
      Diagnostics{Diagnostic{.message = std::move(message), .cure = std::move(cure)}});
}

bool named(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A destination of a packet that more than one host takes for itself, if there is one.
std::string fixed_group(const generator::Stream& stream) {
  const wire::FrameSpec& frame = stream.frame;
  if (frame.eth && frame.eth->dst && frame.eth->dst->is_group()) return to_string(*frame.eth->dst);
  if (!frame.ip || !frame.ip->dst) return {};
  const bool group = frame.ip->dst->is_multicast() || *frame.ip->dst == wire::ipv4_broadcast;
  return group ? to_string(*frame.ip->dst) : std::string();
}

/// Whether some value that a destination takes may be a group's. Of an IPv6 address the first half
/// is fixed, and it is there that groups are told.
bool may_become_group(const generator::Stream& stream, const generator::VaryingField& varying) {
  const bool mac = varying.field.registered() == wire::Field::eth_dst;
  const bool v4 = stream.frame.ip && stream.frame.ip->family == wire::Family::v4;
  const bool ip = varying.field.registered() == wire::Field::ip_dst && v4;
  if (varying.how.kind == generator::Variation::Kind::list) {
    return std::ranges::any_of(varying.how.values, [&](std::uint64_t value) {
      return (mac && (value & group_bit) != 0) || (ip && value >= first_multicast);
    });
  }
  const generator::Bounds bounds = generator::bounds_of(varying.how);
  if (ip) return bounds.high >= first_multicast;
  const bool crosses = (bounds.low ^ bounds.high) >= group_bit;
  return mac && (crosses || (bounds.low & group_bit) != 0);
}

Loaded<void> refuse_groups(const generator::Stream& stream, const Guard& guard) {
  const std::string group = fixed_group(stream);
  if (!group.empty() && !named(guard.allowed_groups, group)) {
    return refuse(fmt::format("stream '{}' sends to {}, which every host on the link takes",
                              stream.name, group),
                  fmt::format("to send there all the same: --allow-group {}", group));
  }
  for (const generator::VaryingField& varying : stream.fields) {
    if (!may_become_group(stream, varying)) continue;
    return refuse(fmt::format("stream '{}' sends to broadcast or multicast addresses among others",
                              stream.name),
                  "a range of destinations ends before 224.0.0.0, of MAC addresses without the "
                  "group bit");
  }
  return {};
}

/// At most `most` packets a second, and never more than without the limit.
generator::Schedule limited(generator::Schedule schedule, const generator::Variation& size,
                            double most) {
  using Kind = generator::Schedule::Kind;
  const generator::Schedule constant{.kind = Kind::packets, .rate = most};
  switch (schedule.kind) {
    case Kind::as_fast_as_possible: return constant;
    case Kind::packets:
    case Kind::poisson: schedule.rate = std::min(schedule.rate, most); return schedule;
    case Kind::bits: {
      const auto smallest = static_cast<double>(generator::bounds_of(size).low);
      return schedule.rate > most * smallest * 8 ? constant : schedule;
    }
    case Kind::bursts: {
      if (static_cast<double>(schedule.size) > most) return constant;
      const auto least = std::chrono::duration<double>(static_cast<double>(schedule.size) / most);
      schedule.every = std::max(schedule.every, std::chrono::duration_cast<Duration>(least));
      return schedule;
    }
    case Kind::ramp:
      schedule.rate = std::min(schedule.rate, most);
      schedule.end_rate = std::min(schedule.end_rate, most);
      return schedule;
  }
  return constant;
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

std::optional<std::uint32_t> device_mtu(const std::string& interface) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  if (!socket || ::ioctl(socket.get(), SIOCGIFMTU, &request) != 0) return {};
  return static_cast<std::uint32_t>(request.ifr_mtu);
}

void limit_rate(generator::Profile& profile, double rate) {
  const double share = rate / static_cast<double>(profile.streams.size());
  for (generator::Stream& stream : profile.streams) {
    stream.schedule = limited(stream.schedule, stream.size, share);
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
    if (auto fine = refuse_groups(stream, guard); !fine) return tl::unexpected(fine.error());
  }
  if (guard.rate) {
    limit_rate(profile, *guard.rate);
  } else if (kind == DeviceKind::other) {
    limit_rate(profile, Guard::slow);
  }
  return profile;
}

}  // namespace tcproof::harness
