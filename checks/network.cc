// SPDX-License-Identifier: Apache-2.0
#include "checks/network.h"

#include <algorithm>

namespace tcproof::checks {
namespace {

const std::optional<wire::IpPrefix>& of_family(const LinkEnd& end, wire::Family family) {
  return family == wire::Family::v4 ? end.v4 : end.v6;
}

const LinkEnd* end_of(const NetworkLink& link, HostId host) {
  for (const LinkEnd& end : link.ends) {
    if (end.host == host) return &end;
  }
  return nullptr;
}

}  // namespace

bool Impairment::none() const {
  return delay == Duration{} && jitter == Duration{} && rate_bps == 0 && queue == 0 && loss == 0 &&
         duplicate == 0 && reorder == 0 && corrupt == 0;
}

std::uint32_t NetworkLink::mtu_from(HostId sender) const {
  for (const LinkEnd& end : ends) {
    if (end.host != sender && end.towards.mtu != 0) return std::min(mtu, end.towards.mtu);
  }
  return mtu;
}

const NetworkHost* Network::find_host(std::string_view host_name) const {
  for (const NetworkHost& host : hosts) {
    if (host.name == host_name) return &host;
  }
  return nullptr;
}

std::optional<HostId> Network::host_id(std::string_view host_name) const {
  const NetworkHost* host = find_host(host_name);
  if (host == nullptr) return {};
  return static_cast<HostId>(host - hosts.data());
}

std::optional<LinkId> Network::link_id(std::string_view link_name) const {
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (links[i].name == link_name) return static_cast<LinkId>(i);
  }
  return {};
}

LinkId Network::target_link() const {
  return link_of(target);
}

LinkId Network::link_of(HostId host) const {
  std::optional<LinkId> first;
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (end_of(links[i], host) == nullptr) continue;
    if (end_of(links[i], target) != nullptr) return static_cast<LinkId>(i);
    if (!first) first = static_cast<LinkId>(i);
  }
  return first.value_or(0);
}

std::optional<wire::IpAddress> Network::address(HostId host, wire::Family family) const {
  const LinkId nearest = link_of(host);
  if (nearest >= links.size()) return {};
  const LinkEnd* end = end_of(links[nearest], host);
  if (end == nullptr || !of_family(*end, family)) return {};
  return of_family(*end, family)->address;
}

std::optional<HostId> Network::owner(const wire::IpAddress& ip) const {
  for (const NetworkLink& link : links) {
    for (const LinkEnd& end : link.ends) {
      const auto& prefix = of_family(end, ip.family);
      if (prefix && prefix->address == ip) return end.host;
    }
  }
  return {};
}

std::optional<HostId> Network::owner(const wire::MacAddress& mac) const {
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (hosts[i].mac == mac) return static_cast<HostId>(i);
  }
  return {};
}

wire::MacAddress Network::next_hop_mac(HostId from, LinkId link, const wire::IpAddress& to) const {
  if (to == wire::ipv4_broadcast) return wire::mac_broadcast;
  if (to.is_multicast()) return wire::multicast_mac(to);
  const std::optional<HostId> host = owner(to);
  if (link >= links.size()) return {};
  if (host && end_of(links[link], *host) != nullptr) return hosts[*host].mac;
  for (const LinkEnd& end : links[link].ends) {
    if (end.host != from && hosts[end.host].forwards) return hosts[end.host].mac;
  }
  for (const LinkEnd& end : links[link].ends) {
    if (end.host != from) return hosts[end.host].mac;
  }
  return {};
}

}  // namespace tcproof::checks
