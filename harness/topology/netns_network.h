// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checks/network.h"
#include "harness/topology/netns.h"
#include "harness/topology/netns_hop.h"
#include "harness/topology/netns_netlink.h"
#include "stack/link/packet_socket.h"

namespace tcproof::harness {

/// A namespace with what is needed to work in it.
struct NetnsHost {
  /// No device made in it gets an IPv6 link-local address of its own. `proc`: see Sysctls;
  /// `sibling`: see Namespace::make().
  static Tried<NetnsHost> make(std::shared_ptr<const UniqueFd> proc = {},
                               const Namespace* sibling = nullptr);
  /// One whose devices are only watched and sent on from outside: its kernel has no IPv6 there, and
  /// without an address it leaves IPv4 packets alone. Answering nothing saves it a tenth of a case.
  static Tried<NetnsHost> make_silent(std::shared_ptr<const UniqueFd> proc = {},
                                      const Namespace* sibling = nullptr);

  Namespace space;
  Netlink netlink;
  Sysctls sysctls;
  std::vector<std::pair<std::string, Route>> routes;  // by device
};

/// A checks::Network made of veth pairs: a namespace for the target, one for each router, and one
/// without any address for the ends of everybody else, whose frames the tester crafts. Ends with
/// this object.
class NetnsNetwork {
 public:
  /// The one place of a link where its frames are seen and from where frames are put on it.
  struct Tap {
    checks::LinkId link;
    checks::HostId near;  // whose end it is
    checks::HostId far;   // who is at the other end
    link::PacketSocket socket;
    /// Where the far end's frames are seen if the link is impaired: before that happens to them. What
    /// `socket` receives is then no news.
    std::optional<link::PacketSocket> far_side;
  };

  struct Options {
    bool manual_neighbours = false;  // no entry is preset
    /// A laboratory: the tester is a host with a kernel of its own too, and nobody watches the links.
    bool laboratory = false;
    std::uint64_t seed = 1;  // of what the impaired links draw
    std::string draws;       // and whose draws they are: the case
    /// A namespace for the tester's ends that outlives the network; empty: one of its own. Many
    /// networks may share it, since a kernel without an address says nothing: making and ending one
    /// is a third of what a network costs. Each has a `serial` of its own.
    NetnsHost* tester = nullptr;
    std::uint32_t serial = 0;
    std::shared_ptr<const UniqueFd> proc;  // see Sysctls
  };
  /// `network` and `reaper` outlive it. A network that needs what the kernel's routers cannot do is
  /// refused with a skip, see is_skip().
  static Tried<NetnsNetwork> build(const checks::Network& network, Options options,
                                   link::Reaper& reaper);

  /// Takes `same`, which differs from the network it was built of by names at most, in its place.
  void stand_for(const checks::Network& same) { network_ = &same; }

  /// 0, or the errno of a refusal: see Sysctls.
  int write_target_sysctl(const std::string& name, const std::string& value) {
    NetnsHost& on = host(network_->target);
    return on.sysctls.write(on.space, name, value);
  }
  const Namespace& target() const { return host(network_->target).space; }
  const Namespace& tester() const { return host(network_->tester).space; }
  std::vector<Tap>& taps() { return taps_; }
  /// Links in the order in which a frame passes them from the tester to the target.
  const std::vector<checks::LinkId>& path() const { return path_; }

  Tried<void> flush_neighbours() { return host(network_->target).netlink.flush_neighbours(); }
  /// Forgets what the target learnt about paths: such exceptions hang on its routes.
  Tried<void> flush_path_mtu();

 private:
  NetnsNetwork(const checks::Network& network, Options options)
      : network_(&network), options_(std::move(options)) {}

  /// Whether the kernel speaks IPv6 on a link: not below its smallest MTU.
  bool has_v6(checks::LinkId id) const;
  /// Whether a kernel plays this host; else the tester does.
  bool is_real(checks::HostId id) const;
  /// The key of a host in hosts_: its own, or the tester's for those the tester plays.
  checks::HostId place(checks::HostId id) const { return is_real(id) ? id : network_->tester; }
  NetnsHost& host(checks::HostId id) {
    return shares_tester(id) ? *options_.tester : hosts_.at(place(id));
  }
  const NetnsHost& host(checks::HostId id) const {
    return shares_tester(id) ? *options_.tester : hosts_.at(place(id));
  }
  bool shares_tester(checks::HostId id) const { return options_.tester != nullptr && !is_real(id); }
  /// One end of a link, named so that no other device of its namespace has the name.
  std::string device_name(checks::LinkId id, std::size_t end) const;
  /// The same with a number of its own.
  Device device(checks::LinkId id, std::size_t end) const;

  Tried<void> refuse_what_is_missing() const;
  Tried<void> make_hosts();
  /// One that is there already, to share its way home.
  const Namespace* sibling() const;
  Tried<void> prepare_host(NetnsHost& on, checks::HostId id) const;
  Tried<void> make_link(checks::LinkId id);
  Tried<void> make_impaired_link(checks::LinkId id);
  Tried<void> start_hop(link::Reaper& reaper);
  bool is_impaired(checks::LinkId id) const;
  Tried<void> configure_end(checks::LinkId id, std::size_t end);
  Tried<void> add_routes(checks::HostId id);
  Tried<void> wait_until_operational();
  Tried<void> wait_until_addressed();
  Tried<void> open_taps(link::Reaper& reaper);
  void find_path();

  const checks::Network* network_;
  Options options_;
  bool ipv6_ = has_ipv6();
  std::map<checks::HostId, NetnsHost> hosts_;
  std::vector<std::size_t> near_ends_;  // by link: 0 or 1
  std::vector<checks::LinkId> path_;
  std::vector<Tap> taps_;
  std::optional<NetnsHost> cut_;  // where the impaired links are cut in two
  std::unique_ptr<ImpairedHop> hop_;
};

}  // namespace tcproof::harness
