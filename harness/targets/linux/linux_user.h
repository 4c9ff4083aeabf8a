// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checks/case.h"
#include "harness/targets/linux/datagram.h"
#include "harness/targets/linux/sock_diag.h"
#include "harness/targets/linux/stream.h"
#include "harness/topology/netns_network.h"

namespace tcproof::harness {

/// The target's application: a case's user calls on non-blocking sockets in the target's namespace,
/// and the state of each connection of the case. Calls that have to wait are kept and tried again.
class LinuxUser {
 public:
  /// `epoll` hears of every socket, edge-triggered. All but `diag` outlive the user.
  LinuxUser(const checks::Case& one_case, NetnsNetwork& network, SockDiag diag, int epoll);

  struct Return {
    checks::StepId step;
    checks::Outcome outcome;
    std::optional<std::int64_t> number;
    wire::Buffer octets;
  };

  void call(const checks::Step& step);
  void withdraw(checks::StepId step);
  /// Goes on with whatever can go on: to be called after everything that the kernel may have
  /// noticed.
  void progress();
  std::vector<Return> take_returns() { return std::exchange(returns_, {}); }

  /// A frame of this connection was sent: from now on its ports are this connection's.
  void used(checks::ConnId conn) { connections_[conn].last_used = ++uses_; }
  /// RFC 9293's view of one connection. A listener lives on after its connection has come; to the
  /// connection it is LISTEN only until then.
  checks::State state(checks::ConnId conn);
  /// Which connection of the case has these ports now.
  std::optional<checks::ConnId> connection_with(std::uint16_t local_port,
                                                const wire::IpAddress& remote,
                                                std::uint16_t remote_port) const;
  /// Frees the connection if it is in TIME-WAIT, which would hold its memory for a minute more.
  void free_time_wait(checks::ConnId conn);

 private:
  struct Connection {
    bool opened = false, passive = false;
    std::uint16_t local_port = 0;
    std::optional<Stream> stream;                 // TCP, from connect() or accept() on
    UniqueFd datagram;                            // UDP
    std::optional<wire::IpAddress> named_peer;    // UDP: OPEN's `remote`
    std::optional<KernelDatagram> last_received;  // UDP, without its octets
    bool came_up = false;                         // was seen in a state beyond SYN-RECEIVED
    std::uint64_t cookie = 0;                     // of what was seen of it last
    std::uint64_t foreign_cookie = 0;             // of an older connection with the same ports
    std::uint64_t last_used = 0;
  };
  /// Passive OPENs of one port share one. It closes once each of them has its connection, since for
  /// RFC 9293 nobody listens any more; with an explicit backlog the queue is the point and
  /// connections stay in it until they are asked for.
  struct Listener {
    UniqueFd socket;
    std::uint32_t waiting = 0;  // OPENs without a connection
    bool keep_queue = false;
  };
  struct Pending {
    const checks::Step* step;
  };

  const checks::Connection& connection(checks::ConnId conn) const {
    return case_.connections[conn];
  }
  std::optional<Tuple> tuple(checks::ConnId conn) const;
  bool has_ports_now(checks::ConnId conn) const;
  /// Whether what the kernel has between the ports of `conn` is it: what another one was seen as is
  /// that one's, a TIME-WAIT too, and the rest that of the last one used.
  bool is_of(checks::ConnId conn, std::uint64_t cookie) const;

  Return answer(const checks::Step& step, checks::Outcome outcome) const {
    return {step.id, outcome, {}, {}};
  }
  /// Empty: it has to wait.
  std::optional<Return> attempt(const checks::Step& step);
  std::optional<Return> attempt_tcp(const checks::Step& step);
  std::optional<Return> attempt_udp(const checks::Step& step);
  std::optional<Return> on_stream(const checks::Step& step, Stream& stream);

  checks::Outcome open_passive(const checks::Step& step);
  checks::Outcome open_active(const checks::Step& step);
  checks::Outcome listen(const checks::Step& step, std::uint16_t port);
  checks::Outcome end(const checks::Step& step, bool abort);
  checks::Outcome end_unaccepted(const checks::Step& step, checks::State now);
  checks::Outcome set(const checks::Step& step);
  Return status(const checks::Step& step);
  checks::Outcome flush(checks::Call::Flush what);
  checks::Outcome set_default_ttl(std::int64_t value);
  checks::Outcome open_udp(const checks::Step& step);
  std::optional<Return> receive_udp(const checks::Step& step);
  Return udp_status(const checks::Step& step);
  checks::Outcome send_udp(const checks::Step& step);

  void accept_waiting(std::uint16_t port, bool asked);
  std::optional<checks::ConnId> expected_from(const wire::IpAddress& ip, std::uint16_t port,
                                              std::uint16_t local_port) const;
  void leave_listener(std::uint16_t port);
  void watch(int descriptor) const;
  bool retry_once();

  const checks::Case& case_;
  NetnsNetwork& network_;
  SockDiag diag_;
  int epoll_;
  wire::IpAddress own_address_;
  std::vector<Connection> connections_;  // index is ConnId
  std::map<std::uint16_t, Listener> listeners_;
  std::vector<UniqueFd> strays_;  // accepted, and no connection of the case
  std::vector<Pending> pending_;
  std::vector<Return> returns_;
  std::uint64_t uses_ = 0;
};

}  // namespace tcproof::harness
