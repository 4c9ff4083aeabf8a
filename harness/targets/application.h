// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "checks/case.h"
#include "checks/state.h"
#include "harness/targets/stack_instance.h"

namespace tcproof::harness {

/// The application that a case's user calls run, on top of a stack that never blocks: calls that
/// have to wait are kept and tried again, a SEND beyond the stack's buffer is completed later,
/// connections of the case are matched with those of the stack.
class Application {
 public:
  /// `number` is the answer of a STATUS with a subject, `data` what a RECEIVE took; valid during
  /// the call.
  using Returned = std::function<void(checks::StepId step, checks::Outcome outcome,
                                      std::optional<std::int64_t> number, wire::Bytes data)>;

  /// Both outlive the application.
  Application(const checks::Case& one_case, StackInstance& stack, Returned returned);

  /// `step` is a call of the case. Returns at once or, if it has to wait, from retry() or
  /// withdraw().
  void call(const checks::Step& step, Instant now);
  /// Tries again what waits: to be called after everything that the stack has seen.
  void retry(Instant now);
  /// Ends a call that waits: it returns `nothing`, or `ok` with the octets it already has.
  void withdraw(checks::StepId step);

  /// CLOSED if the case's connection was never opened.
  checks::State state(checks::ConnId conn) const;
  /// Which of the case's connections a handle is; empty: none.
  std::optional<checks::ConnId> connection_of(StackInstance::Handle handle) const;
  /// A SYN has found the listening `handle`: connections of one port are told apart by the tester's
  /// port.
  void match_listener(StackInstance::Handle handle);

 private:
  struct Socket {
    StackInstance::Handle handle = 0;
    std::uint16_t listens_on = 0;       // local port of a passive OPEN
    std::uint64_t next_octet = 1;       // of the pattern, as a relative sequence number
    wire::Buffer unsent;                // accepted from the application, not yet by the stack
    bool push = false, urgent = false;  // of `unsent`
    bool close_when_sent = false;
    std::optional<wire::IpAddress> named_peer;  // UDP: OPEN's `remote`
  };
  struct Pending {
    const checks::Step* step = nullptr;
    wire::Buffer got;
  };
  struct Done {
    checks::Outcome outcome = checks::Outcome::ok;
    std::optional<std::int64_t> number;
  };

  std::optional<Done> run(const checks::Step& step, Instant now);
  Done open(const checks::Step& step, Instant now);
  Done open_tcp(const checks::Step& step, Instant now);
  Done open_udp(const checks::Step& step);
  Done set_datagram(const Socket& one, const checks::Call& call);
  Done send(const checks::Step& step, Instant now);
  Done send_tcp(Socket& socket, const checks::Call& call, Instant now);
  Done send_udp(const checks::Step& step, Instant now);
  Done close(const checks::Step& step, Instant now);
  Done shutdown(const checks::Step& step, Instant now);
  Done status(const checks::Step& step);
  Done set(const checks::Step& step, Instant now);
  Done ping(const checks::Step& step, Instant now);

  std::optional<Done> attempt(Pending& pending, Instant now);
  std::optional<Done> accept(const Socket& socket);
  std::optional<Done> receive_tcp(const Socket& socket, Pending& pending, Instant now);
  std::optional<Done> receive_udp(const Socket& socket, Pending& pending);
  bool flush_unsent(Socket& socket, Instant now);
  /// True if one of the calls returned.
  bool retry_once(Instant now);

  wire::Buffer text_of(const checks::Call& call, std::uint64_t first) const;
  std::optional<StackInstance::Endpoint> peer(const checks::Step& step) const;
  Socket& socket(const checks::Step& step) { return sockets_[step.conn]; }

  const checks::Case& case_;
  StackInstance& stack_;
  Returned returned_;
  std::vector<Socket> sockets_;  // index is ConnId
  std::vector<Pending> pending_;
  wire::Buffer scratch_;
};

}  // namespace tcproof::harness
