// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <unordered_map>

#include "stack/host.h"
#include "stack/host/backlog.h"
#include "stack/host/deadlines.h"
#include "stack/host/segment_codec.h"
#include "stack/ip/layer.h"
#include "stack/isn.h"

namespace tcproof::stack {

/// The TCP connections of a host: which of them a segment belongs to (RFC 9293 3.10.7: exact before
/// wildcard), their ports, ISNs and timers, and the way of their segments to the internet layer.
class Connections {
 public:
  /// `layer` and `output` outlive this object.
  Connections(const HostConfig& config, ip::Layer& layer, const HostOutput& output);
  ~Connections();

  Host::Opened open_passive(wire::Family family, std::uint16_t port,
                            const Host::OpenOptions& options, Instant now);
  Host::Opened open_active(const wire::IpAddress& remote, std::uint16_t remote_port,
                           std::uint16_t local_port, const Host::OpenOptions& options, Instant now);
  tcp::Error send(ConnectionId id, wire::Bytes text, bool push, bool urgent, Instant now,
                  std::size_t& taken);
  tcp::Error receive(ConnectionId id, wire::MutableBytes out, Instant now, std::size_t& got);
  tcp::Error close(ConnectionId id, Instant now);
  tcp::Error abort(ConnectionId id, Instant now);
  tcp::Error stop_receiving(ConnectionId id, Instant now);
  tcp::Error set(ConnectionId id, const Host::Settings& settings, Instant now);
  std::optional<Host::Remote> remote(ConnectionId id) const;
  tcp::Connection* find(ConnectionId id);
  const tcp::Connection* find(ConnectionId id) const;
  void release(ConnectionId id);

  Host::Listening listen(wire::Family family, std::uint16_t port, std::uint32_t backlog,
                         const Host::OpenOptions& options);
  ConnectionId accept(ListenerId id);
  void stop_listening(ListenerId id, Instant now);

  /// A TCP segment for us, its checksum not looked at yet.
  void input(const ip::Packet& packet, Instant now);
  void error(const ip::ErrorReport& report, Instant now);
  /// "Fragmentation needed" or "packet too big" about one of our segments: the connection judges it
  /// by RFC 5927 and, if it believes it, path_mtu_changed() follows for all connections.
  void packet_too_big(const ip::ErrorReport& report, std::uint32_t mtu, Instant now);
  /// What the internet layer knows of the way to `remote` has changed, up or down: new segments fit
  /// it. Nothing is sent from here.
  void path_mtu_changed(const wire::IpAddress& remote);
  /// The same for all connections of a family, each with what is known of its own way.
  void path_mtus_changed(wire::Family family);
  void advance(Instant now);
  std::optional<Instant> next_deadline() const;

 private:
  struct Slot;
  /// What tells the connections of one host apart; the local address follows from the family.
  struct Tuple {
    wire::IpAddress remote;
    std::uint16_t remote_port = 0, local_port = 0;
    bool operator==(const Tuple&) const = default;
  };
  struct TupleHash {
    SipHash hash;  // keyed: the peers choose what goes in
    std::size_t operator()(const Tuple& tuple) const;
  };

  static std::uint32_t listen_key(wire::Family family, std::uint16_t port);
  Slot* slot(ConnectionId id) const;
  Slot& make_slot(wire::Family family, std::uint16_t port, const Host::OpenOptions& options);
  tcp::Config config_for(wire::Family family, const Host::OpenOptions& options) const;
  wire::Seq choose_iss(const Slot& slot, Instant now) const;
  std::uint32_t timestamp_offset(const Slot& slot) const;
  std::uint16_t free_port(const wire::IpAddress& remote, std::uint16_t remote_port);

  /// A server's port.
  struct Listener {
    wire::Family family;
    std::uint16_t port;
    Host::OpenOptions options;
    Backlog backlog;
  };

  tcp::Error check_remote(const wire::IpAddress& remote, std::uint16_t port) const;
  tcp::Error call_from_listen(Slot& slot, Instant now);
  void call(Slot& slot, const Host::Remote& remote, Instant now);
  Slot* waiting_for(const Tuple& from) const;
  Slot* match(const Tuple& tuple);
  Slot* quoted(const ip::ErrorReport& report);
  bool somebody_listens(const Tuple& from) const;
  void new_connection(ListenerId id, const Tuple& from, const tcp::Segment& segment, Instant now,
                      std::optional<wire::Seq> above);
  void judge(Slot& slot, const tcp::Segment& segment, Instant now);
  bool settle_in_backlog(Slot& slot);
  void retire(Slot& slot);
  void trace(std::string_view rule) const;
  void segment_for_listener(Slot& slot, const Tuple& from, const tcp::Segment& segment, Instant now,
                            std::optional<wire::Seq> above);
  void no_connection(const Tuple& from, const tcp::Segment& segment, Instant now);
  /// How the segments of a connection leave: TTL, TOS and an IPv4 source route.
  struct Carriage {
    std::optional<std::uint8_t> ttl;
    std::uint8_t tos = 0;
    const ip::OptionsV4* route = nullptr;
  };
  void transmit(const Tuple& to, const Carriage& carriage, const tcp::Segment& segment,
                Instant now);
  void take_source_route(Slot& slot, const ip::Packet& packet);
  void fit_path(Slot& slot);

  void bind(Slot& slot);
  void unbind(Slot& slot);
  void wait_for_syn(Slot& slot);
  void stop_waiting(Slot& slot);
  void settle(Slot& slot);

  HostConfig config_;
  ip::Layer& layer_;
  const HostOutput& output_;
  IsnGenerator isns_;
  std::unordered_map<ConnectionId, std::unique_ptr<Slot>> slots_;
  std::unordered_map<Tuple, Slot*, TupleHash> bound_;
  std::unordered_map<std::uint32_t, std::set<ConnectionId>> passive_opens_;  // the oldest first
  std::unordered_map<ListenerId, Listener> listeners_;
  std::unordered_map<std::uint32_t, ListenerId> listening_;  // by family and port
  Deadlines<Slot> deadlines_;
  ConnectionId last_id_ = 0;
  ListenerId last_listener_ = 0;
  std::uint16_t next_ephemeral_;
  Instant now_{};  // of the call under way, for segments that connections emit
  const ip::Packet* arriving_ = nullptr;  // while its segment is judged
};

}  // namespace tcproof::stack
