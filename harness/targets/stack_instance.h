// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "checks/case.h"
#include "checks/state.h"
#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/seq.h"
#include "stack/wire/time.h"

namespace tcproof::harness {

/// A TCP/IP stack under test that lives in this process and knows no clock but the one it is told:
/// an end system on one Ethernet link. No call blocks; what would have to wait says so and is made
/// again. A stack that lacks a call answers Outcome::unsupported, and the cases that need it are
/// skipped.
class StackInstance {
 public:
  /// A connection or a bound UDP port of this instance; 0 is none.
  using Handle = std::uint32_t;
  struct Endpoint {
    wire::IpAddress address;
    std::uint16_t port = 0;
  };

  /// What the stack says. Called from within its functions; it must not be called back from here.
  struct Output {
    std::function<void(wire::Bytes frame)> frame;
    /// Every change of state, in order, if the stack can tell. `rule` may be empty.
    std::function<void(Handle, checks::State from, checks::State to, std::string_view rule)>
        transition;
    /// A word for `-v`.
    std::function<void(std::string_view text)> note;
    /// The stack has broken this interface, `text` says how: the case ends there and fails.
    std::function<void(std::string_view text)> broke;
  };

  struct OpenOptions {
    bool nodelay = false;
    std::optional<std::uint16_t> mss;
    std::optional<std::uint8_t> ttl, tos;
    std::optional<wire::Seq> iss;
    std::optional<std::uint32_t> backlog;
    std::optional<wire::IpAddress> local;         // RFC 9293 MUST-43
    std::optional<wire::IpAddress> source_route;  // an active OPEN goes by this host (MUST-51)
    std::optional<Endpoint> remote;  // a passive OPEN is for this peer alone (RFC 9293 3.10.2)
    std::optional<Duration> user_timeout;
  };
  struct Opened {
    Handle handle = 0;  // 0 unless the outcome is ok
    checks::Outcome outcome = checks::Outcome::ok;
  };
  /// What a call did with octets. `done` 0 with Outcome::ok: it has to wait, try again later.
  struct Moved {
    checks::Outcome outcome = checks::Outcome::ok;
    std::size_t done = 0;
  };
  struct Answer {
    checks::Outcome outcome = checks::Outcome::ok;
    std::optional<std::int64_t> number;  // of a STATUS with a subject
  };

  virtual ~StackInstance() = default;

  /// OpenOptions' `local`, `source_route` and `remote` mean something here.
  virtual bool opens_from_and_by() const { return false; }

  virtual void input(wire::Bytes frame, Instant now) = 0;
  /// When advance() wants to be called; empty: never, unless something comes in.
  virtual std::optional<Instant> next_deadline() const = 0;
  virtual void advance(Instant now) = 0;

  // TCP (RFC 9293 3.9.1).
  /// The connection of the first SYN for `port` takes the handle; several passive OPENs of a port
  /// queue.
  virtual Opened open_passive(wire::Family family, std::uint16_t port, const OpenOptions& options,
                              Instant now) = 0;
  /// `local_port` 0: the next ephemeral one.
  virtual Opened open_active(const Endpoint& remote, std::uint16_t local_port,
                             const OpenOptions& options, Instant now) = 0;
  /// Takes as much of `text` as there is room for.
  virtual Moved send(Handle handle, wire::Bytes text, bool push, bool urgent, Instant now) = 0;
  /// Outcome::closing is the end of the peer's data.
  virtual Moved receive(Handle handle, wire::MutableBytes out, Instant now) = 0;
  virtual checks::Outcome close(Handle handle, Instant now) = 0;
  virtual checks::Outcome abort(Handle handle, Instant now) = 0;
  virtual checks::Outcome shutdown(Handle handle, checks::Call::Shutdown what, Instant now) = 0;
  virtual Answer status(Handle handle, checks::Call::Status subject) = 0;
  /// `name` and `value` as in checks::Call::options.
  virtual checks::Outcome set(Handle handle, std::string_view name, std::int64_t value,
                              Instant now) = 0;
  virtual checks::State state(Handle handle) const = 0;
  /// The other end of a connection, once it is known.
  virtual std::optional<Endpoint> remote(Handle handle) const = 0;

  // UDP.
  virtual Opened bind(wire::Family family, std::uint16_t port) = 0;  // 0: an ephemeral port
  virtual checks::Outcome send_datagram(Handle handle, const Endpoint& remote, wire::Bytes data,
                                        Instant now) = 0;
  /// `name` and `value` as in checks::Call::options, of the datagrams sent from now on; `local` is
  /// the address they come from.
  virtual checks::Outcome set_datagram(Handle handle, std::string_view name, std::int64_t value) {
    static_cast<void>(handle), static_cast<void>(name), static_cast<void>(value);
    return checks::Outcome::unsupported;
  }
  /// The oldest datagram that waits; empty: none.
  virtual std::optional<wire::Buffer> receive_datagram(Handle handle) = 0;
  /// An ICMP error that came for this port since the last look, else ok.
  virtual checks::Outcome datagram_error(Handle handle) = 0;
  /// A STATUS with a subject: of the socket, or of the datagram received last.
  virtual Answer datagram_status(Handle handle, checks::Call::Status subject) {
    static_cast<void>(handle), static_cast<void>(subject);
    return {checks::Outcome::unsupported, {}};
  }
  virtual void unbind(Handle handle) = 0;

  // The host.
  virtual checks::Outcome ping(const wire::IpAddress& remote, std::size_t octets, Instant now) = 0;
  virtual checks::Outcome flush(checks::Call::Flush what) = 0;
  /// The host's configuration: `default-ttl`.
  virtual checks::Outcome set_host(std::string_view name, std::int64_t value) {
    static_cast<void>(name), static_cast<void>(value);
    return checks::Outcome::unsupported;
  }
};

}  // namespace tcproof::harness
