// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "harness/topology/netns.h"
#include "stack/wire/address.h"

struct nl_sock;

namespace tcproof::harness {

/// One end of a veth pair.
struct Device {
  std::string name;  // at most 15 octets
  wire::MacAddress mac;
  int index = 0;  // its number in its namespace; 0: the kernel's choice
};

/// To `to`, through `gateway` if set, else on the link itself.
struct Route {
  wire::IpPrefix to;
  std::optional<wire::IpAddress> gateway;
  std::uint32_t mtu = 0;  // what is forwarded this way must fit; 0: the device's
};

/// A route socket of one namespace: what `ip link`, `ip addr`, `ip neigh` and `ip route` do there,
/// without starting a program. Every error says the step and why.
class Netlink {
 public:
  static Tried<Netlink> open(const Namespace& space);

  /// A pair: `here` in this namespace, `there` in `other`; both down, MTU in octets. Each end has
  /// `queues` queues to send and to receive.
  Tried<void> add_pair(const Device& here, const Device& there, const Namespace& other,
                       std::uint32_t mtu, unsigned queues = 1);
  /// Before the device is up: it makes no IPv6 link-local address of its own, and so neither looks
  /// for its duplicates nor for routers (RFC 4862 5.3, RFC 4861 6.3.7).
  Tried<void> without_link_local(const std::string& device);
  Tried<void> set_up(const std::string& device);
  /// The number of a device that was chosen when it was made need not be asked for.
  void know(const Device& device);
  /// Whether frames sent on it leave: IFF_UP is not enough, the queue appears a moment later (RFC
  /// 2863's operational status "up").
  Tried<bool> operational(const std::string& device);

  /// Without duplicate address detection and without the kernel's own prefix route.
  Tried<void> add_address(const std::string& device, const wire::IpPrefix& address);
  /// Whether packets for `address` are taken as the host's own: the kernel adds a new IPv6 address
  /// from a work queue.
  Tried<bool> owns(const wire::IpAddress& address);
  /// An entry that is never asked for and never expires.
  Tried<void> add_neighbour(const std::string& device, const wire::IpAddress& address,
                            const wire::MacAddress& mac);
  Tried<void> add_route(const std::string& device, const Route& route);
  Tried<void> remove_route(const std::string& device, const Route& route);
  /// Forgets every neighbour, the permanent ones included.
  Tried<void> flush_neighbours();

 private:
  struct Close {
    void operator()(nl_sock* socket) const;
  };
  explicit Netlink(std::unique_ptr<nl_sock, Close> socket) : socket_(std::move(socket)) {}
  Tried<int> index(const std::string& device);

  std::unique_ptr<nl_sock, Close> socket_;
  std::map<std::string, int> indices_;
};

/// Turns off everything that lets frames pass unfinished (partial checksums, oversized segments):
/// what the wire shows must be what the stack made. Works on a device of `space`.
Tried<void> switch_offloads_off(const Namespace& space, const std::string& device);

}  // namespace tcproof::harness
