// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "checks/case.h"
#include "stack/wire/bytes.h"
#include "stack/wire/time.h"

namespace tcproof::checks {

/// The octets of a frame, in the trace's pool.
struct Span32 {
  std::uint32_t at = 0, length = 0;
};

/// The tester (or another host, crafted by a step) put a frame on a link. `at` is the recorded send
/// time. `step` is no_step for what the tester's host does by itself: ARP and ND answers.
struct FrameSent {
  Instant at;
  LinkId link;
  HostId from;
  StepId step;
  Span32 octets;
};
/// Any frame that another host put on a link, as seen there before impairment: the target's, a
/// router's own, or one a router forwards. `from` is the host of that link that put it there.
struct FrameSeen {
  Instant at;
  LinkId link;
  HostId from;
  Span32 octets;
};
struct CallMade {
  Instant at;
  StepId step;
};
/// `data` holds what a RECEIVE took; `number` the answer of a STATUS with a subject.
struct CallReturned {
  Instant at;
  StepId step;
  Outcome outcome;
  std::optional<std::int64_t> number;
  Span32 data;
};
/// From a look-up (`reported` false) or a transition that the target reported by itself.
struct StateSeen {
  Instant at;
  ConnId conn;
  State state;
  bool reported;
};
/// Everything that the target does at once has been seen.
struct FenceClosed {
  Instant at;
};
/// Nothing else happened up to `at`.
struct TimePassed {
  Instant at;
};
/// A word from inside the target for `-v`: "drop: check_ack, ...". Never judged.
struct TargetNote {
  Instant at;
  std::string text;
};
/// The target crashed or hung.
struct TargetDied {
  Instant at;
  std::string how;
};
/// The tester or the environment broke; the attempt is an error (or inconclusive: `late`).
struct Trouble {
  Instant at;
  std::string what;
  bool inconclusive;
};

using Event = std::variant<FrameSent, FrameSeen, CallMade, CallReturned, StateSeen, FenceClosed,
                           TimePassed, TargetNote, TargetDied, Trouble>;
Instant time_of(const Event& event);

/// All that happened in one attempt, in the order it was noticed; times never fall but between
/// hosts of real targets. Verdicts are computed from this and the case, and from nothing else.
class Trace {
 public:
  const std::vector<Event>& events() const { return events_; }
  wire::Bytes octets(Span32 span) const { return wire::Bytes(pool_).subspan(span.at, span.length); }

  /// Copies `octets` to the pool.
  Span32 keep(wire::Bytes octets);
  /// Returns the event as stored; the reference is good until the next add().
  const Event& add(Event event);

  /// A compact binary form, for the way from a worker to the parent. parse() takes any octets:
  /// empty if they are not such a form.
  wire::Buffer serialize() const;
  static std::optional<Trace> parse(wire::Bytes octets);

 private:
  std::vector<Event> events_;
  wire::Buffer pool_;
};

}  // namespace tcproof::checks
