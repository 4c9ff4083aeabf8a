// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "checks/case.h"
#include "checks/trace.h"

namespace tcproof::harness {

/// The world that one attempt of one case runs in: the network with its hosts and routers, the
/// target on it and the target's application. Fresh for every attempt. What happens there is added
/// to the trace by drain(); nothing is judged here.
class Bench {
 public:
  virtual ~Bench() = default;

  virtual Instant now() const = 0;

  /// Puts `octets` on `link` as if `from` had sent them and adds the FrameSent with the recorded
  /// time.
  virtual void send(checks::Trace& trace, checks::LinkId link, checks::HostId from,
                    checks::StepId step, wire::Bytes octets) = 0;
  /// Starts a user call of the target's application and adds CallMade. Its CallReturned comes by
  /// drain().
  virtual void call(checks::Trace& trace, const checks::Step& step) = 0;
  /// Ends a pending call, which then returns `nothing` (unless it has just returned something
  /// else).
  virtual void withdraw(checks::Trace& trace, checks::StepId step) = 0;
  /// Adds StateSeen for the connection (closed if the target knows none).
  virtual void look_up(checks::Trace& trace, checks::ConnId conn) = 0;
  /// Starts a fence; FenceClosed comes by drain() after everything that it proves.
  virtual void fence(checks::Trace& trace) = 0;

  /// Adds what has happened since the last call, in order: frames, returns, transitions, closed
  /// fences.
  virtual void drain(checks::Trace& trace) = 0;
};

/// A bench in virtual time: nothing happens by itself, advance() makes it happen.
class VirtualBench : public Bench {
 public:
  /// When something happens next; empty: never, unless something is sent or called.
  virtual std::optional<Instant> next_event() const = 0;
  /// Moves the clock to `to` (never past next_event()) and lets everything due there happen.
  virtual void advance(Instant to) = 0;
};

/// A bench in real time: wait for `descriptor()` to become readable, then drain().
class RealBench : public Bench {
 public:
  /// One epoll descriptor that is readable whenever drain() has something to do.
  virtual int descriptor() const = 0;
  /// A time at which the bench itself wants drain() to be called (a fence to repeat); empty: none.
  virtual std::optional<Instant> next_deadline() const = 0;
};

}  // namespace tcproof::harness
