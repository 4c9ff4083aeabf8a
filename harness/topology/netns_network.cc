// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/netns_network.h"

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <poll.h>

#include "harness/topology/netns_filter.h"
#include "harness/topology/netns_routes.h"

namespace tcproof::harness {
namespace {

using checks::HostId;
using checks::LinkId;

/// RFC 8200 5. On a link with less the kernel runs without IPv6, its sysctls included.
constexpr std::uint32_t smallest_v6_mtu = 1280;

/// fe80::/64 with the interface identifier of RFC 2464 4.
wire::IpPrefix link_local(const wire::MacAddress& mac) {
  const auto& m = mac.octets;
  return {{wire::Family::v6,
           {0xfe, 0x80, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(m[0] ^ 2), m[1], m[2], 0xff,
            0xfe, m[3], m[4], m[5]}},
          64};
}

/// Octets of a dropped IPv4 packet that the kernel quotes: its errors fill 576 (RFC 1812 4.3.2.3). A
/// network that asks for the default 28 gets them too, which no receiver may mind.
constexpr std::uint16_t kernel_quotes = 576 - 28;

/// The loopback device is number 1.
constexpr int first_index = 2;

constexpr Duration patience = 5s;
constexpr Duration look_again = 200us;

/// The other ends of the two pairs that an impaired link is made of.
std::string hop_name(LinkId link, std::size_t end) {
  return fmt::format("hop{}{}", link, end == 0 ? 'a' : 'b');
}

tl::unexpected<EnvironmentError> missing(std::string what) {
  return tl::unexpected(skip_case("build the network of the case", std::move(what),
                                  "run the case on a target in virtual time"));
}

/// Waits without a system call that spins, for time that a virtual machine's clock can skip.
void pause(Duration length) {
  const timespec time{0, static_cast<long>(length.count())};
  ::ppoll(nullptr, 0, &time, nullptr);
}

/// Looks until `ready` says true, for 5 s at most.
template <class Ready>
Tried<void> wait_for(const std::string& step, Ready ready) {
  for (Duration waited{}; waited < patience; waited += look_again) {
    const Tried<bool> is = ready();
    if (!is) return tl::unexpected(is.error());
    if (*is) return {};
    pause(look_again);
  }
  return tl::unexpected(EnvironmentError{step, "it has not happened within 5 s",
                                         "the machine is overloaded: lower --jobs"});
}

struct Setting {
  const char* name;
  const char* value;
};

Tried<void> refused(const Setting& setting, int number) {
  return tl::unexpected(environment_error(
      fmt::format("set {} to {} in a namespace", setting.name, setting.value), number));
}

/// IN6_ADDR_GEN_MODE_NONE for each device made from then on: without an address it neither looks for
/// duplicates of that nor for routers (RFC 4862 5.3, RFC 4861 6.3.7).
constexpr Setting no_link_local = {"net.ipv6.conf.default.addr_gen_mode", "1"};
/// Nor does a device made from then on join a group or take a packet.
constexpr Setting no_ipv6 = {"net.ipv6.conf.default.disable_ipv6", "1"};
/// What a fresh namespace may have inherited from the machine and no host of ours wants.
constexpr Setting of_every_host[] = {
    {"net.ipv4.ip_forward", "0"},
    {"net.ipv4.conf.all.rp_filter", "0"},
    {"net.ipv4.conf.default.rp_filter", "0"},
    {"net.ipv4.conf.default.arp_ignore", "0"},
    {"net.ipv4.conf.default.arp_announce", "0"},
};
constexpr Setting of_a_router[] = {
    {"net.ipv4.ip_forward", "1"},
    {"net.ipv4.conf.all.send_redirects", "0"},
    {"net.ipv4.conf.default.send_redirects", "0"},
};
constexpr Setting of_a_router_v6[] = {
    {"net.ipv6.conf.all.forwarding", "1"},
};
/// A router answers each packet it drops: a rate limit would make a case depend on those before it.
/// The limit of a topology is a rule of its own. So do the hosts of a laboratory.
constexpr Setting without_limit[] = {
    {"net.ipv4.icmp_ratelimit", "0"},
    {"net.ipv4.icmp_msgs_per_sec", "1000000"},
    {"net.ipv4.icmp_msgs_burst", "1000000"},
};
constexpr Setting without_limit_v6[] = {
    {"net.ipv6.icmp.ratelimit", "0"},
};

Tried<void> apply(const Namespace& space, Sysctls& sysctls, std::span<const Setting> settings) {
  for (const Setting& setting : settings) {
    const int number = sysctls.write(space, setting.name, setting.value);
    if (number != 0) return refused(setting, number);
  }
  return {};
}

}  // namespace

Tried<NetnsHost> NetnsHost::make(std::shared_ptr<const UniqueFd> proc, const Namespace* sibling) {
  auto space = Namespace::make(sibling);
  if (!space) return tl::unexpected(space.error());
  auto netlink = Netlink::open(*space);
  if (!netlink) return tl::unexpected(netlink.error());
  NetnsHost made{std::move(*space), std::move(*netlink), Sysctls(std::move(proc)), {}};
  // A kernel without IPv6 has no such setting, and makes no such address.
  const int number = made.sysctls.write(made.space, no_link_local.name, no_link_local.value);
  if (number != 0 && number != ENOENT)
    return tl::unexpected(refused(no_link_local, number).error());
  return made;
}

Tried<NetnsHost> NetnsHost::make_silent(std::shared_ptr<const UniqueFd> proc,
                                        const Namespace* sibling) {
  auto made = make(std::move(proc), sibling);
  if (!made) return made;
  const int number = made->sysctls.write(made->space, no_ipv6.name, no_ipv6.value);
  if (number != 0 && number != ENOENT) return tl::unexpected(refused(no_ipv6, number).error());
  return made;
}

std::string NetnsNetwork::device_name(LinkId id, std::size_t end) const {
  // Both ends of a link may stand in one namespace, so names differ by end too.
  const char side = end == 0 ? 'a' : 'b';
  if (shares_tester(network_->links[id].ends[end].host))
    return fmt::format("t{}.{}{}", options_.serial, id, side);
  return fmt::format("link{}{}", id, side);
}

Device NetnsNetwork::device(LinkId id, std::size_t end) const {
  constexpr int of_one_network = 512;  // two ends for each LinkId there can be
  const HostId owner = network_->links[id].ends[end].host;
  constexpr std::uint32_t serials = 1U << 21U;
  const int own =
      shares_tester(owner) ? static_cast<int>(options_.serial % serials) * of_one_network : 0;
  return {.name = device_name(id, end),
          .mac = network_->hosts[owner].mac,
          .index = own + first_index + 2 * int{id} + static_cast<int>(end)};
}

bool NetnsNetwork::has_v6(LinkId id) const {
  return ipv6_ && network_->links[id].mtu >= smallest_v6_mtu;
}

bool NetnsNetwork::is_real(HostId id) const {
  if (id == network_->tester) return options_.laboratory;
  return id == network_->target || network_->hosts[id].forwards;
}

Tried<NetnsNetwork> NetnsNetwork::build(const checks::Network& network, Options options,
                                        link::Reaper& reaper) {
  const auto played = [&](const checks::LinkEnd& end) {
    return end.host != network.target && !network.hosts[end.host].forwards;
  };
  // A link ends with the namespace of its other end, so that one must not be shared too.
  const bool closed_in_itself = std::ranges::any_of(
      network.links, [&](const auto& link) { return std::ranges::all_of(link.ends, played); });
  if (closed_in_itself || options.laboratory) options.tester = nullptr;
  NetnsNetwork built(network, std::move(options));
  if (auto ok = built.refuse_what_is_missing(); !ok) return tl::unexpected(ok.error());
  built.find_path();
  if (auto ok = built.make_hosts(); !ok) return tl::unexpected(ok.error());
  for (std::size_t i = 0; i < network.links.size(); ++i) {
    if (auto ok = built.make_link(static_cast<LinkId>(i)); !ok) return tl::unexpected(ok.error());
  }
  if (auto ok = built.wait_until_operational(); !ok) return tl::unexpected(ok.error());
  for (std::size_t i = 0; i < network.links.size(); ++i) {
    for (std::size_t end = 0; end < 2; ++end) {
      const auto ok = built.configure_end(static_cast<LinkId>(i), end);
      if (!ok) return tl::unexpected(ok.error());
    }
  }
  for (std::size_t i = 0; i < network.hosts.size(); ++i) {
    const auto id = static_cast<HostId>(i);
    if (!built.is_real(id)) continue;
    if (auto ok = built.add_routes(id); !ok) return tl::unexpected(ok.error());
  }
  if (auto ok = built.wait_until_addressed(); !ok) return tl::unexpected(ok.error());
  if (auto ok = built.start_hop(reaper); !ok) return tl::unexpected(ok.error());
  if (built.options_.laboratory) return built;
  if (auto ok = built.open_taps(reaper); !ok) return tl::unexpected(ok.error());
  return built;
}

Tried<void> NetnsNetwork::refuse_what_is_missing() const {
  for (const auto& link : network_->links) {
    if (link.ends.size() != 2) return missing("link '" + link.name + "' does not have two ends");
  }
  for (const auto& host : network_->hosts) {
    if (!host.forwards) continue;
    const std::uint16_t quotes = host.router.quotes;
    if (quotes == checks::RouterBehaviour{}.quotes || quotes == kernel_quotes) continue;
    return missing(fmt::format("the kernel as router '{}' quotes {} octets, not {}", host.name,
                               kernel_quotes, quotes));
  }
  return {};
}

void NetnsNetwork::find_path() {
  const auto from_tester = distances(*network_, network_->tester);
  const auto far_away = network_->hosts.size();
  const auto distance = [&](HostId id) { return from_tester[id].value_or(far_away); };
  for (const auto& link : network_->links) {
    const HostId a = link.ends[0].host;
    const HostId b = link.ends[1].host;
    // The tester's own end sees a frame before any kernel does; a router's end must tell by
    // direction.
    const std::size_t near = is_real(a) != is_real(b)     ? (is_real(a) ? 1 : 0)
                             : distance(a) <= distance(b) ? 0
                                                          : 1;
    near_ends_.push_back(near);
  }
  HostId here = network_->target;
  while (here != network_->tester) {
    const auto before = path_.size();
    for (std::size_t i = 0; i < network_->links.size() && path_.size() == before; ++i) {
      const auto& ends = network_->links[i].ends;
      for (std::size_t end = 0; end < 2; ++end) {
        const HostId next = ends[1 - end].host;
        if (ends[end].host != here || distance(next) >= distance(here)) continue;
        path_.push_back(static_cast<LinkId>(i));
        here = next;
        break;
      }
    }
    if (path_.size() == before) break;  // the tester has no way to the target
  }
  std::reverse(path_.begin(), path_.end());
}

const Namespace* NetnsNetwork::sibling() const {
  if (options_.tester != nullptr) return &options_.tester->space;
  return hosts_.empty() ? nullptr : &hosts_.begin()->second.space;
}

Tried<void> NetnsNetwork::make_hosts() {
  for (std::size_t i = 0; i < network_->hosts.size(); ++i) {
    const auto id = static_cast<HostId>(i);
    if (place(id) != id || shares_tester(id)) continue;
    auto made = is_real(id) ? NetnsHost::make(options_.proc, sibling())
                            : NetnsHost::make_silent(options_.proc, sibling());
    if (!made) return tl::unexpected(made.error());
    NetnsHost& kept = hosts_.emplace(id, std::move(*made)).first->second;
    if (auto ok = prepare_host(kept, id); !ok) return ok;
  }
  return {};
}

Tried<void> NetnsNetwork::prepare_host(NetnsHost& on, HostId id) const {
  // Without an address the tester's kernel answers nothing, whatever its settings.
  if (!is_real(id)) return {};
  if (auto up = on.netlink.set_up("lo"); !up) return up;
  if (auto ok = apply(on.space, on.sysctls, of_every_host); !ok) return ok;
  const checks::NetworkHost& played = network_->hosts[id];
  if (!played.forwards && !options_.laboratory) return {};
  if (auto ok = apply(on.space, on.sysctls, without_limit); !ok) return ok;
  if (auto ok = ipv6_ ? apply(on.space, on.sysctls, without_limit_v6) : Tried<void>{}; !ok)
    return ok;
  if (!played.forwards) return {};
  if (auto ok = apply(on.space, on.sysctls, of_a_router); !ok) return ok;
  if (auto ok = ipv6_ ? apply(on.space, on.sysctls, of_a_router_v6) : Tried<void>{}; !ok) return ok;
  const std::string rules = router_rules(played.router);
  return rules.empty() ? Tried<void>{} : load_rules(on.space, rules);
}

bool NetnsNetwork::is_impaired(LinkId id) const {
  const auto& ends = network_->links[id].ends;
  return !ends[0].towards.none() || !ends[1].towards.none();
}

Tried<void> NetnsNetwork::make_link(LinkId id) {
  if (is_impaired(id)) return make_impaired_link(id);
  const auto& link = network_->links[id];
  NetnsHost& a = host(link.ends[0].host);
  NetnsHost& b = host(link.ends[1].host);
  const Device here = device(id, 0);
  const Device there = device(id, 1);
  if (auto ok = a.netlink.add_pair(here, there, b.space, link.mtu); !ok) return ok;
  a.netlink.know(here);
  b.netlink.know(there);
  for (std::size_t end = 0; end < 2; ++end) {
    // What the tester crafts is whole, whatever its own end could do for it.
    const HostId owner = link.ends[end].host;
    if (!is_real(owner)) continue;
    if (auto ok = switch_offloads_off(host(owner).space, device_name(id, end)); !ok) return ok;
  }
  if (auto ok = a.netlink.set_up(here.name); !ok) return ok;
  return b.netlink.set_up(there.name);
}

Tried<void> NetnsNetwork::make_impaired_link(LinkId id) {
  if (!cut_) {
    auto made = NetnsHost::make_silent(options_.proc, sibling());
    if (!made) return tl::unexpected(made.error());
    cut_.emplace(std::move(*made));
  }
  const auto& link = network_->links[id];
  for (std::size_t end = 0; end < 2; ++end) {
    NetnsHost& on = host(link.ends[end].host);
    const Device outer = device(id, end);
    const Device inner{.name = hop_name(id, end),
                       .mac = {{0x02, 0xff, 0, 0, id, static_cast<std::uint8_t>(end)}},
                       .index = outer.index};
    if (auto ok = on.netlink.add_pair(outer, inner, cut_->space, link.mtu); !ok) return ok;
    on.netlink.know(outer);
    cut_->netlink.know(inner);
    if (auto ok = switch_offloads_off(on.space, outer.name); !ok) return ok;
    if (auto ok = switch_offloads_off(cut_->space, inner.name); !ok) return ok;
    if (auto ok = on.netlink.set_up(outer.name); !ok) return ok;
    if (auto ok = cut_->netlink.set_up(inner.name); !ok) return ok;
  }
  return {};
}

Tried<void> NetnsNetwork::start_hop(link::Reaper& reaper) {
  std::vector<ImpairedHop::Cable> cables;
  for (std::size_t i = 0; i < network_->links.size(); ++i) {
    const auto id = static_cast<LinkId>(i);
    if (!is_impaired(id)) continue;
    std::vector<link::PacketSocket> sockets;
    for (std::size_t end = 0; end < 2; ++end) {
      auto socket =
          cut_->space.run([&] { return link::PacketSocket::open(hop_name(id, end), {}, reaper); });
      if (!socket) {
        return tl::unexpected(environment_error(socket.error().step, socket.error().number));
      }
      sockets.push_back(std::move(*socket));
    }
    const auto& link = network_->links[id];
    const auto towards = [&](std::size_t end) {
      // The same draws as on the simulated link of this name.
      const std::string what =
          options_.draws + "/" + link.name + "/" + network_->hosts[link.ends[end].host].name;
      return Impairer(link.ends[end].towards, link::Random::derived(options_.seed, what));
    };
    cables.push_back({std::move(sockets[0]), std::move(sockets[1]), towards(1), towards(0)});
  }
  if (cables.empty()) return {};
  auto hop = ImpairedHop::start(std::move(cables));
  if (!hop) return tl::unexpected(hop.error());
  hop_ = std::move(*hop);
  return {};
}

Tried<void> NetnsNetwork::configure_end(LinkId id, std::size_t end) {
  const auto& link = network_->links[id];
  const auto& own = link.ends[end];
  const auto& other = link.ends[1 - end];
  if (!is_real(own.host)) return {};
  NetnsHost& on = host(own.host);
  const std::string device = device_name(id, end);
  for (const auto& prefix : {own.v4, own.v6}) {
    if (!prefix) continue;
    if (prefix->address.family == wire::Family::v6 && !has_v6(id)) continue;
    if (auto ok = on.netlink.add_address(device, *prefix); !ok) return ok;
  }
  // RFC 4291 2.1: the kernel probes the neighbours it knows from a link-local address only.
  if (options_.manual_neighbours)
    return own.v6 && has_v6(id)
               ? on.netlink.add_address(device, link_local(network_->hosts[own.host].mac))
               : Tried<void>{};
  for (const auto& prefix : {other.v4, other.v6}) {
    if (!prefix) continue;
    if (prefix->address.family == wire::Family::v6 && !has_v6(id)) continue;
    const auto& mac = network_->hosts[other.host].mac;
    if (auto ok = on.netlink.add_neighbour(device, prefix->address, mac); !ok) return ok;
  }
  return {};
}

Tried<void> NetnsNetwork::add_routes(HostId id) {
  NetnsHost& on = host(id);
  for (HostRoute wanted : routes_of(*network_, id)) {
    if (wanted.route.to.address.family == wire::Family::v6 && !has_v6(wanted.link)) continue;
    const auto& link = network_->links[wanted.link];
    const auto& ends = link.ends;
    if (link.mtu_from(id) != link.mtu) wanted.route.mtu = link.mtu_from(id);
    const std::string device = device_name(wanted.link, ends[0].host == id ? 0 : 1);
    if (auto ok = on.netlink.add_route(device, wanted.route); !ok) return ok;
    on.routes.emplace_back(device, wanted.route);
  }
  return {};
}

Tried<void> NetnsNetwork::wait_until_operational() {
  for (std::size_t i = 0; i < network_->links.size(); ++i) {
    for (std::size_t end = 0; end < 2; ++end) {
      const std::string device = device_name(static_cast<LinkId>(i), end);
      NetnsHost& on = host(network_->links[i].ends[end].host);
      const auto ready = wait_for("wait for " + device + " to become operational",
                                  [&] { return on.netlink.operational(device); });
      if (!ready) return ready;
      if (!is_impaired(static_cast<LinkId>(i))) continue;
      const std::string inner = hop_name(static_cast<LinkId>(i), end);
      const auto cut = wait_for("wait for " + inner + " to become operational",
                                [&] { return cut_->netlink.operational(inner); });
      if (!cut) return cut;
    }
  }
  return {};
}

Tried<void> NetnsNetwork::wait_until_addressed() {
  for (std::size_t i = 0; i < network_->links.size(); ++i) {
    if (!has_v6(static_cast<LinkId>(i))) continue;
    for (const auto& end : network_->links[i].ends) {
      if (!is_real(end.host) || !end.v6) continue;
      NetnsHost& on = host(end.host);
      const auto& address = end.v6->address;
      const auto ready = wait_for("wait for the address " + wire::to_string(address),
                                  [&] { return on.netlink.owns(address); });
      if (!ready) return ready;
    }
  }
  return {};
}

Tried<void> NetnsNetwork::open_taps(link::Reaper& reaper) {
  for (std::size_t i = 0; i < network_->links.size(); ++i) {
    const std::size_t near = near_ends_[i];
    const auto& ends = network_->links[i].ends;
    const HostId owner = ends[near].host;
    const auto id = static_cast<LinkId>(i);
    const link::PacketSocket::Options options{.outgoing = is_real(owner)};
    auto socket = host(owner).space.run(
        [&] { return link::PacketSocket::open(device_name(id, near), options, reaper); });
    if (!socket) {
      return tl::unexpected(environment_error(socket.error().step, socket.error().number));
    }
    taps_.push_back({id, owner, ends[1 - near].host, std::move(*socket), {}});
    if (!is_impaired(id)) continue;
    auto far_side = cut_->space.run(
        [&] { return link::PacketSocket::open(hop_name(id, 1 - near), {}, reaper); });
    if (!far_side) {
      return tl::unexpected(environment_error(far_side.error().step, far_side.error().number));
    }
    taps_.back().far_side.emplace(std::move(*far_side));
  }
  return {};
}

Tried<void> NetnsNetwork::flush_path_mtu() {
  NetnsHost& target = host(network_->target);
  for (const auto& [device, route] : target.routes) {
    if (auto ok = target.netlink.remove_route(device, route); !ok) return ok;
    if (auto ok = target.netlink.add_route(device, route); !ok) return ok;
  }
  return {};
}

}  // namespace tcproof::harness
