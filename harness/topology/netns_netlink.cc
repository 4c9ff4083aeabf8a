// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/netns_netlink.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace tcproof::harness {
namespace {

/// RFC 2863 ifOperStatus "up", as in IFLA_OPERSTATE.
constexpr int operational_up = 6;
constexpr std::size_t most_indices = 64;
/// The longest message of a route socket (NLMSG_GOODSIZE and what a dump fills). Knowing it spares
/// libnl a look at the length of each before it reads it.
constexpr std::size_t longest_message = 32768;
/// In every namespace (include/net/net_namespace.h).
constexpr int loopback_index = 1;

template <auto function>
struct Release {
  template <class T>
  void operator()(T* object) const {
    function(object);
  }
};
using Link = std::unique_ptr<rtnl_link, Release<rtnl_link_put>>;
using VethLink = std::unique_ptr<rtnl_link, Release<rtnl_link_veth_release>>;
using Address = std::unique_ptr<rtnl_addr, Release<rtnl_addr_put>>;
using Neighbour = std::unique_ptr<rtnl_neigh, Release<rtnl_neigh_put>>;
using RouteObject = std::unique_ptr<rtnl_route, Release<rtnl_route_put>>;
using NlAddress = std::unique_ptr<nl_addr, Release<nl_addr_put>>;
using Cache = std::unique_ptr<nl_cache, Release<nl_cache_free>>;

tl::unexpected<EnvironmentError> refused(std::string step, int code) {
  std::string remedy;
  if (code == -NLE_FAILURE) {
    remedy = "often too few open files are allowed (ulimit -n) or memory is short";
  } else if (code == -NLE_OPNOTSUPP) {
    remedy = "the kernel lacks veth: modprobe veth";
  } else if (code == -NLE_PERM) {
    remedy = "run as root, or allow user namespaces";
  }
  return tl::unexpected(EnvironmentError{std::move(step), nl_geterror(code), std::move(remedy)});
}

Tried<void> done(int code, std::string step) {
  if (code < 0) return refused(std::move(step), code);
  return {};
}

NlAddress nl_address(const wire::IpAddress& ip) {
  const int family = ip.family == wire::Family::v4 ? AF_INET : AF_INET6;
  return NlAddress(nl_addr_build(family, ip.octets.data(), ip.size()));
}
NlAddress nl_address(const wire::MacAddress& mac) {
  return NlAddress(nl_addr_build(AF_LLC, mac.octets.data(), mac.octets.size()));
}
/// The prefix with the host's bits cleared, as a route wants it.
NlAddress nl_network(const wire::IpPrefix& prefix) {
  wire::IpAddress network = prefix.address;
  for (std::size_t bit = prefix.length; bit < network.size() * 8; ++bit) {
    network.octets[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
  }
  auto address = nl_address(network);
  nl_addr_set_prefixlen(address.get(), prefix.length);
  return address;
}

RouteObject route_object(int index, const Route& route) {
  RouteObject object(rtnl_route_alloc());
  const bool v4 = route.to.address.family == wire::Family::v4;
  rtnl_route_set_family(object.get(), v4 ? AF_INET : AF_INET6);
  rtnl_route_set_table(object.get(), RT_TABLE_MAIN);
  rtnl_route_set_protocol(object.get(), RTPROT_STATIC);
  rtnl_route_set_type(object.get(), RTN_UNICAST);
  rtnl_route_set_scope(object.get(), v4 && !route.gateway ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
  rtnl_route_set_dst(object.get(), nl_network(route.to).get());
  if (route.mtu != 0) rtnl_route_set_metric(object.get(), RTAX_MTU, route.mtu);
  rtnl_nexthop* hop = rtnl_route_nh_alloc();
  rtnl_route_nh_set_ifindex(hop, index);
  if (route.gateway) rtnl_route_nh_set_gateway(hop, nl_address(*route.gateway).get());
  rtnl_route_add_nexthop(object.get(), hop);
  return object;
}

std::string describe(const Route& route) {
  std::string text = fmt::format("{}/{}", wire::to_string(route.to.address), route.to.length);
  if (route.gateway) text += " via " + wire::to_string(*route.gateway);
  return text;
}

}  // namespace

void Netlink::Close::operator()(nl_sock* socket) const {
  nl_socket_free(socket);
}

Tried<Netlink> Netlink::open(const Namespace& space) {
  std::unique_ptr<nl_sock, Close> socket(nl_socket_alloc());
  if (!socket || nl_socket_set_msg_buf_size(socket.get(), longest_message) < 0)
    return refused("open a route socket", -NLE_NOMEM);
  const int code = space.run([&] { return nl_connect(socket.get(), NETLINK_ROUTE); });
  if (code < 0) return refused("open a route socket", code);
  Netlink netlink(std::move(socket));
  netlink.know({.name = "lo", .mac = {}, .index = loopback_index});
  return netlink;
}

Tried<void> Netlink::add_pair(const Device& here, const Device& there, const Namespace& other,
                              std::uint32_t mtu, unsigned queues) {
  const VethLink link(rtnl_link_veth_alloc());
  rtnl_link* const peer = rtnl_link_veth_get_peer(link.get());
  rtnl_link_set_name(link.get(), here.name.c_str());
  rtnl_link_set_name(peer, there.name.c_str());
  rtnl_link_set_addr(link.get(), nl_address(here.mac).get());
  rtnl_link_set_addr(peer, nl_address(there.mac).get());
  rtnl_link_set_mtu(link.get(), mtu);
  rtnl_link_set_mtu(peer, mtu);
  for (rtnl_link* const end : {link.get(), peer}) {
    rtnl_link_set_num_tx_queues(end, queues);
    rtnl_link_set_num_rx_queues(end, queues);
  }
  for (const auto& [end, device] : {std::pair{link.get(), &here}, std::pair{peer, &there}}) {
    if (device->index != 0) rtnl_link_set_ifindex(end, device->index);
  }
  rtnl_link_set_ns_fd(peer, other.descriptor());
  const int code = rtnl_link_add(socket_.get(), link.get(), NLM_F_CREATE | NLM_F_EXCL);
  rtnl_link_put(peer);
  return done(code, fmt::format("make the veth pair {} and {}", here.name, there.name));
}

Tried<int> Netlink::index(const std::string& device) {
  // A device of ours keeps its name and its number, and asking costs more than most changes.
  if (const auto known = indices_.find(device); known != indices_.end()) return known->second;
  rtnl_link* found = nullptr;
  const int code = rtnl_link_get_kernel(socket_.get(), 0, device.c_str(), &found);
  if (code < 0) return refused("find the interface " + device, code);
  const Link link(found);
  know({.name = device, .mac = {}, .index = rtnl_link_get_ifindex(link.get())});
  return rtnl_link_get_ifindex(link.get());
}

void Netlink::know(const Device& device) {
  // Of a namespace that many networks come and go in, what was known long ago is gone.
  if (indices_.size() >= most_indices) indices_.clear();
  indices_[device.name] = device.index;
}

Tried<void> Netlink::without_link_local(const std::string& device) {
  const auto on = index(device);
  if (!on) return tl::unexpected(on.error());
  const Link old(rtnl_link_alloc());
  const Link change(rtnl_link_alloc());
  rtnl_link_set_ifindex(old.get(), *on);
  rtnl_link_inet6_set_addr_gen_mode(change.get(), IN6_ADDR_GEN_MODE_NONE);
  return done(rtnl_link_change(socket_.get(), old.get(), change.get(), 0),
              "keep " + device + " without a link-local address");
}

Tried<void> Netlink::set_up(const std::string& device) {
  const auto on = index(device);
  if (!on) return tl::unexpected(on.error());
  const Link old(rtnl_link_alloc());
  const Link change(rtnl_link_alloc());
  rtnl_link_set_ifindex(old.get(), *on);
  rtnl_link_set_flags(change.get(), IFF_UP);
  return done(rtnl_link_change(socket_.get(), old.get(), change.get(), 0),
              "bring the interface " + device + " up");
}

Tried<bool> Netlink::operational(const std::string& device) {
  rtnl_link* found = nullptr;
  const int code = rtnl_link_get_kernel(socket_.get(), 0, device.c_str(), &found);
  if (code < 0) return refused("look at the interface " + device, code);
  const Link link(found);
  return rtnl_link_get_operstate(link.get()) == operational_up;
}

Tried<void> Netlink::add_address(const std::string& device, const wire::IpPrefix& prefix) {
  const auto on = index(device);
  if (!on) return tl::unexpected(on.error());
  const Address address(rtnl_addr_alloc());
  const auto local = nl_address(prefix.address);
  nl_addr_set_prefixlen(local.get(), prefix.length);
  rtnl_addr_set_ifindex(address.get(), *on);
  rtnl_addr_set_local(address.get(), local.get());
  rtnl_addr_set_flags(address.get(), IFA_F_NODAD | IFA_F_NOPREFIXROUTE);
  return done(rtnl_addr_add(socket_.get(), address.get(), 0),
              fmt::format("give {} the address {}", device, wire::to_string(prefix.address)));
}

Tried<bool> Netlink::owns(const wire::IpAddress& address) {
  rtnl_route* found = nullptr;
  const int code = rtnl_route_lookup(socket_.get(), nl_address(address).get(), &found);
  if (code == -NLE_OBJ_NOTFOUND || code == -NLE_FAILURE) return false;
  if (code < 0) return refused("look up the route to " + wire::to_string(address), code);
  const RouteObject route(found);
  return rtnl_route_get_type(route.get()) == RTN_LOCAL;
}

Tried<void> Netlink::add_neighbour(const std::string& device, const wire::IpAddress& ip,
                                   const wire::MacAddress& mac) {
  const auto on = index(device);
  if (!on) return tl::unexpected(on.error());
  const Neighbour neighbour(rtnl_neigh_alloc());
  rtnl_neigh_set_ifindex(neighbour.get(), *on);
  rtnl_neigh_set_dst(neighbour.get(), nl_address(ip).get());
  rtnl_neigh_set_lladdr(neighbour.get(), nl_address(mac).get());
  rtnl_neigh_set_state(neighbour.get(), NUD_PERMANENT);
  return done(rtnl_neigh_add(socket_.get(), neighbour.get(), NLM_F_CREATE | NLM_F_REPLACE),
              "add the neighbour " + wire::to_string(ip));
}

Tried<void> Netlink::add_route(const std::string& device, const Route& route) {
  const auto on = index(device);
  if (!on) return tl::unexpected(on.error());
  return done(rtnl_route_add(socket_.get(), route_object(*on, route).get(), NLM_F_CREATE),
              "add the route " + describe(route));
}

Tried<void> Netlink::remove_route(const std::string& device, const Route& route) {
  const auto on = index(device);
  if (!on) return tl::unexpected(on.error());
  return done(rtnl_route_delete(socket_.get(), route_object(*on, route).get(), 0),
              "remove the route " + describe(route));
}

Tried<void> Netlink::flush_neighbours() {
  nl_cache* found = nullptr;
  const int code = rtnl_neigh_alloc_cache(socket_.get(), &found);
  if (code < 0) return refused("list the neighbours", code);
  const Cache cache(found);
  for (nl_object* at = nl_cache_get_first(cache.get()); at != nullptr; at = nl_cache_get_next(at)) {
    auto* const neighbour = reinterpret_cast<rtnl_neigh*>(at);
    // NOARP entries are the kernel's own for multicast; one that just expired needs no deleting.
    if ((rtnl_neigh_get_state(neighbour) & NUD_NOARP) != 0) continue;
    const int deleted = rtnl_neigh_delete(socket_.get(), neighbour, 0);
    if (deleted < 0 && deleted != -NLE_OBJ_NOTFOUND) return refused("delete a neighbour", deleted);
  }
  return {};
}

Tried<void> switch_offloads_off(const Namespace& space, const std::string& device) {
  const UniqueFd socket(space.run([] { return ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); }));
  if (!socket) return tl::unexpected(environment_error("open a control socket", errno));
  constexpr std::uint32_t commands[] = {ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM, ETHTOOL_STSO,
                                        ETHTOOL_SGSO,    ETHTOOL_SGRO,    ETHTOOL_SSG};
  for (const std::uint32_t command : commands) {
    ethtool_value value{command, 0};
    ifreq request{};
    std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
    request.ifr_data = reinterpret_cast<char*>(&value);
    if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0) {
      return tl::unexpected(environment_error("switch the offloads of " + device + " off", errno));
    }
  }
  return {};
}

}  // namespace tcproof::harness
