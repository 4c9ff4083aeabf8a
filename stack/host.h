// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "stack/tcp/connection.h"
#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/time.h"

namespace tcproof::stack {

struct HostConfig {
  wire::MacAddress mac;
  std::uint32_t mtu = 1500;
  std::optional<wire::IpPrefix> v4, v6;  // one address a family
  std::optional<wire::IpAddress> v4_router, v6_router;
  std::uint64_t secret = 0;  // keys ISNs (RFC 6528) and IPv4 ids
  tcp::Config tcp;           // mss and default_send_mss follow from mtu and family
  bool answer_echo = true;
  bool ipv4 = true, ipv6 = true;               // off: as if there were no address of that family
  std::vector<wire::IpAddress> other_routers;  // of either family, tried after the first ones
  std::uint8_t ttl = 64;  // and hop limit, where neither the user nor a router says another
  /// How long a lowered path MTU is believed; empty: for ever (RFC 1191 6.3, RFC 8201 5.3).
  std::optional<Duration> path_mtu_lifetime = 10min;
  unsigned icmp_errors_per_second = 100;  // RFC 4443 2.4 (f)
  /// When the interface comes up: the IPv6 address is checked for duplicates (RFC 4862 5.4) and
  /// routers are asked for (RFC 4861 6.3.7). Empty: it has been up for long.
  std::optional<Instant> starts_at;
};

using ConnectionId = std::uint32_t;
using DatagramId = std::uint32_t;  // a bound UDP port
using ListenerId = std::uint32_t;

/// What a host says to the world. Called from within its functions; calls back into the host are
/// not allowed.
struct HostOutput {
  std::function<void(wire::Bytes frame)> frame;
  std::function<void(ConnectionId, tcp::State from, tcp::State to, std::string_view rule)>
      transition;
  std::function<void(std::string_view rule)> trace;
  /// What the user of a connection is told without having asked. Leaving it empty turns the reports
  /// off (RFC 9293 SHLD-20).
  std::function<void(ConnectionId, tcp::Report)> report;
};

/// An end system on one Ethernet link: ARP, ND, IPv4, IPv6, ICMP, UDP and TCP. No I/O, no clock, no
/// thread.
class Host {
 public:
  Host(const HostConfig& config, HostOutput output);
  ~Host();

  void input(wire::Bytes frame, Instant now);
  void advance(Instant now);  // runs what is due
  std::optional<Instant> next_deadline() const;

  // --- TCP user calls ---
  struct Remote {
    wire::IpAddress address;
    std::uint16_t port = 0;
    bool operator==(const Remote&) const = default;
  };
  struct OpenOptions {
    bool nodelay = false;
    std::optional<std::uint16_t> mss;
    std::optional<std::uint8_t> ttl, tos;
    std::optional<wire::IpAddress> local;  // MUST-43; empty: the one of the family (MUST-44)
    /// IPv4: the hosts that an active OPEN goes by, nine at most (MUST-51); what a peer's packets
    /// record does not change it (MUST-52).
    std::vector<wire::IpAddress> source_route;
    /// A passive OPEN takes the SYN of this socket alone, and SEND makes a call of it (3.10.2).
    std::optional<Remote> remote;
    std::optional<wire::Seq> iss;  // instead of RFC 6528's
    std::optional<std::uint32_t> receive_buffer, send_buffer;
    std::optional<Duration> user_timeout;
  };
  struct Opened {
    ConnectionId id = 0;
    tcp::Error error = tcp::Error::none;
  };
  /// Any remote socket, unless the options name one. The connection of the first SYN takes the id;
  /// several passive OPENs of a port queue.
  Opened open_passive(wire::Family family, std::uint16_t port, const OpenOptions& options,
                      Instant now);
  /// `local_port` 0: the next ephemeral one.
  Opened open_active(const wire::IpAddress& remote, std::uint16_t remote_port,
                     std::uint16_t local_port, const OpenOptions& options, Instant now);
  tcp::Error send(ConnectionId id, wire::Bytes text, bool push, bool urgent, Instant now,
                  std::size_t& taken);
  tcp::Error receive(ConnectionId id, wire::MutableBytes out, Instant now, std::size_t& got);
  tcp::Error close(ConnectionId id, Instant now);
  tcp::Error abort(ConnectionId id, Instant now);
  /// SHUTDOWN of receiving; see tcp::Connection::stop_receiving().
  tcp::Error stop_receiving(ConnectionId id, Instant now);
  tcp::Error status(ConnectionId id) const;
  tcp::State state(ConnectionId id) const;       // closed if there is none
  tcp::Connection* connection(ConnectionId id);  // null if there is none; to look at, not to drive
  /// What may change while a connection lives; what is empty stays as it is.
  struct Settings {
    std::optional<bool> nodelay;
    std::optional<Duration> keep_alive;  // the idle time; zero: off
    std::optional<Duration> user_timeout;
    std::optional<bool> abort_on_close;  // a linger time of zero
    std::optional<std::uint8_t> ttl, tos;
    std::optional<std::uint32_t> receive_buffer, send_buffer;
  };
  tcp::Error set(ConnectionId id, const Settings& settings, Instant now);
  std::optional<Remote> remote(ConnectionId id) const;  // empty in LISTEN
  /// Forgets a closed connection's error and id.
  void release(ConnectionId id);

  // --- A server's port ---
  struct Listening {
    ListenerId id = 0;
    tcp::Error error = tcp::Error::none;
  };
  /// Takes connections for `port` that no passive OPEN waits for. At most `backlog` of them, half
  /// open or waiting for accept(), exist at a time; a SYN beyond is dropped, so that its sender tries
  /// again.
  Listening listen(wire::Family family, std::uint16_t port, std::uint32_t backlog,
                   const OpenOptions& options);
  /// The connection that has waited longest, ESTABLISHED or beyond; 0: none.
  ConnectionId accept(ListenerId id);
  /// Ends a listener and, by a RST, the connections that nobody has accepted.
  void stop_listening(ListenerId id, Instant now);

  // --- UDP ---
  struct Datagram {
    wire::IpAddress remote;
    std::uint16_t remote_port = 0;
    wire::IpAddress local;  // the specific destination: our address, or a group (RFC 1122 4.1.3.5)
    std::uint8_t ttl = 0, tos = 0;
    wire::Buffer options;  // of IPv4 (RFC 1122 4.1.3.2)
    wire::Buffer data;
  };
  /// What datagrams carry; what is empty is as usual (RFC 1122 4.1.4).
  struct DatagramOptions {
    std::optional<std::uint8_t> ttl, tos;
    wire::Buffer options;                  // of IPv4, whole words, 40 octets at most
    std::optional<wire::IpAddress> local;  // the source, one of ours; empty: ours of the family
  };
  struct Bound {
    DatagramId id = 0;
    tcp::Error error = tcp::Error::none;
  };
  Bound bind_udp(wire::Family family, std::uint16_t port);  // 0: ephemeral
  std::uint16_t udp_port(DatagramId id) const;
  tcp::Error send_udp(DatagramId id, const wire::IpAddress& remote, std::uint16_t remote_port,
                      wire::Bytes data, Instant now);
  /// Of all datagrams that are sent from now on. Error::illegal: options that cannot be sent, a TTL
  /// of 0, or a source that is not ours.
  tcp::Error set_udp(DatagramId id, const DatagramOptions& options);
  std::optional<Datagram> receive_udp(DatagramId id);
  tcp::Error udp_error(DatagramId id);  // a pending ICMP error, then none
  void close_udp(DatagramId id);

  /// One echo request of `octets` octets of data.
  void ping(const wire::IpAddress& remote, std::size_t octets, Instant now);
  /// Who answered a ping, and which; the sequence numbers count from 1.
  struct EchoReply {
    wire::IpAddress remote;
    std::uint16_t sequence = 0;
    wire::Buffer data;
  };
  std::optional<EchoReply> receive_echo_reply();
  /// Where packets of a family come from (RFC 1122 3.4, GET_SRCADDR); empty: there is no address.
  std::optional<wire::IpAddress> source(wire::Family family) const;
  /// TTL and hop limit from now on, where the user says no other; never 0 (RFC 1122 3.2.1.7).
  tcp::Error set_default_ttl(std::uint8_t ttl);
  void flush_neighbours();
  void flush_path_mtu();
  /// The largest packet that reaches `remote` whole, as far as is known.
  std::uint32_t path_mtu(const wire::IpAddress& remote) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tcproof::stack
