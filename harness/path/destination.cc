// SPDX-License-Identifier: Apache-2.0
#include "harness/path/destination.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
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

/// The interface by which the kernel's routes lead to an address; empty: none, with errno set.
std::string interface_to(const wire::IpAddress& to) {
  struct {
    nlmsghdr header;
    rtmsg route;
    rtattr attribute;
    std::array<std::uint8_t, 16> address;
  } question{};
  const auto octets = static_cast<unsigned short>(to.size());
  question.header.nlmsg_len =
      static_cast<std::uint32_t>(offsetof(decltype(question), address) + octets);
  question.header.nlmsg_type = RTM_GETROUTE;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.route.rtm_family = static_cast<unsigned char>(address_family(to.family));
  question.route.rtm_dst_len = static_cast<unsigned char>(8 * octets);
  question.attribute = {static_cast<unsigned short>(RTA_LENGTH(octets)), RTA_DST};
  question.address = to.octets;
  const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  alignas(nlmsghdr) std::array<char, 4096> answer{};
  if (!socket || ::send(socket.get(), &question, question.header.nlmsg_len, 0) < 0) return {};
  auto left = ::recv(socket.get(), answer.data(), answer.size(), 0);
  const auto* const message = reinterpret_cast<const nlmsghdr*>(answer.data());
  if (left < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(rtmsg))) ||
      message->nlmsg_type != RTM_NEWROUTE)
    return {};
  left -= static_cast<ssize_t>(NLMSG_LENGTH(sizeof(rtmsg)));
  for (const rtattr* at = RTM_RTA(NLMSG_DATA(message)); RTA_OK(at, left); at = RTA_NEXT(at, left)) {
    if (at->rta_type != RTA_OIF) continue;
    unsigned index = 0;
    std::memcpy(&index, RTA_DATA(at), sizeof index);
    std::array<char, IF_NAMESIZE> name{};
    return ::if_indextoname(index, name.data()) == nullptr ? "" : name.data();
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
  way.interface = interface_to(to);
  way.mtu = mtu_of(way.interface);
  if (way.mtu == 0) {
    return tl::unexpected(EnvironmentError{step, "the kernel names no interface for it",
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
