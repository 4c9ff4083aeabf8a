// SPDX-License-Identifier: Apache-2.0
#include "harness/path/destination.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "harness/topology/socket_address.h"

namespace tcproof::harness {
namespace {

struct Parts {
  std::string host;
  std::string port;  // empty: none
};

/// An address of IPv6 has colons of its own, so its port needs brackets.
Parts split(const std::string& text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string::npos) return {text, {}};
    const bool port = end + 1 < text.size() && text[end + 1] == ':';
    return {text.substr(1, end - 1), port ? text.substr(end + 2) : text.substr(end + 1)};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || text.find(':', colon + 1) != std::string::npos)
    return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::optional<wire::IpAddress> look_up(const std::string& host,
                                       std::optional<wire::Family> family) {
  addrinfo hints{};
  hints.ai_family = !family ? AF_UNSPEC : *family == wire::Family::v4 ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return {};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, ::freeaddrinfo);
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    if (const auto address = address_of(at->ai_addr)) return address;
  }
  return {};
}

std::uint32_t mtu_of(const std::string& interface) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  if (::ioctl(socket.get(), SIOCGIFMTU, &request) != 0) return 0;
  return static_cast<std::uint32_t>(request.ifr_mtu);
}

}  // namespace

tl::expected<Destination, std::string> find_destination(const std::string& text,
                                                        std::optional<wire::Family> family) {
  const Parts parts = split(text);
  Destination found;
  if (!parts.port.empty()) {
    std::uint16_t port = 0;
    const auto* const end = parts.port.data() + parts.port.size();
    const auto [rest, error] = std::from_chars(parts.port.data(), end, port);
    if (error != std::errc{} || rest != end || port == 0) {
      return tl::unexpected(fmt::format("'{}' is no port", parts.port));
    }
    found.port = port;
  }
  auto address = wire::parse_ip(parts.host);
  if (!address) address = look_up(parts.host, family);
  if (!address)
    return tl::unexpected(fmt::format("'{}' is no address and no known name", parts.host));
  if (family && address->family != *family) {
    return tl::unexpected(fmt::format("'{}' is of the other IP version", parts.host));
  }
  if (address->is_multicast() || address->is_unspecified() || *address == wire::ipv4_broadcast) {
    return tl::unexpected(fmt::format("'{}' is no address of a single host", parts.host));
  }
  found.address = *address;
  return found;
}

Tried<WayOut> find_way_out(const wire::IpAddress& to) {
  const std::string step = "find the way to " + wire::to_string(to);
  const UniqueFd socket(::socket(address_family(to.family), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const SocketAddress there(to, 9);
  // A datagram socket only looks the route up. Broadcast addresses of a link are refused here.
  if (!socket || ::connect(socket.get(), there.get(), there.size) != 0) {
    return tl::unexpected(environment_error(step, errno, "look at the routes of this host"));
  }
  SocketAddress own;
  if (::getsockname(socket.get(), own.get(), &own.size) != 0) {
    return tl::unexpected(environment_error(step, errno));
  }
  WayOut way;
  way.from = own.ip();
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return tl::unexpected(environment_error(step, errno));
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, ::freeifaddrs);
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (address_of(at->ifa_addr) == way.from) way.interface = at->ifa_name;
  }
  way.mtu = mtu_of(way.interface);
  if (way.mtu == 0) {
    return tl::unexpected(
        EnvironmentError{step, "no interface has the address " + wire::to_string(way.from),
                         "look at the routes of this host"});
  }
  return way;
}

bool is_virtual(const std::string& interface) {
  if (interface == "lo") return true;
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  ifreq request{};
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&info);
  if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0) return false;
  const std::string driver(info.driver, ::strnlen(info.driver, sizeof info.driver));
  return driver == "veth" || driver == "tun";
}

}  // namespace tcproof::harness
