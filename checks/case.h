// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "checks/network.h"
#include "checks/pattern.h"
#include "checks/requirement.h"
#include "checks/state.h"
#include "checks/value.h"
#include "stack/wire/time.h"

namespace tcproof::checks {

struct StateRules;

using ConnId = std::uint8_t;
/// Steps are numbered through the whole case, the start's and nested ones included, in file order.
using StepId = std::uint16_t;
inline constexpr StepId no_step = 0xffff;

/// Where something stands in a file; line and column from 1.
struct SourceMark {
  std::string file;
  std::uint32_t line = 0, column = 0;
};

/// What a user call came to: RFC 9293 3.9.1's words and ours (docs/case-language.md 5).
enum class Outcome : std::uint8_t {
  ok,
  closing,
  reset,
  refused,
  timed_out,
  no_connection,
  exists,
  illegal,
  unspecified,
  no_resources,
  unreachable,
  nothing,
  unsupported,  // the target's interface lacks this call: the case is skipped
};
std::string_view to_string(Outcome outcome);
std::optional<Outcome> parse_outcome(std::string_view name);

/// A user call, read and resolved. Which members mean something depends on the verb.
struct Call {
  enum class Verb : std::uint8_t {
    open_passive,
    open_active,
    accept,
    send,
    receive,
    close,
    abort,
    shutdown,
    status,
    set,
    flush,
    ping,
  } verb = Verb::close;
  enum class Shutdown : std::uint8_t { send, receive, both } shutdown = Shutdown::send;
  enum class Status : std::uint8_t {
    connection,
    path_mtu,
    mss,
    urgent,
    unread,
    retransmissions,  // since the peer has acknowledged anything (RFC 9293 SHLD-9)
    source,           // an IPv4 address as a number: what is sent carries it (RFC 1122 4.1.3.5)
    destination,      // the rest is of the datagram received last: whom it was sent to, likewise
    tos,
    ip_options,  // the first word of its IPv4 options, 0 if it has none (RFC 1122 4.1.3.2)
  } status = Status::connection;
  enum class Flush : std::uint8_t { neighbours, path_mtu } flush = Flush::neighbours;

  std::optional<std::uint16_t> port;     // OPEN
  std::optional<std::uint32_t> backlog;  // OPEN passive
  std::uint32_t count = 0;               // SEND, RECEIVE, PING: octets
  bool all = false;                      // RECEIVE all
  bool push = false, urgent = false;     // SEND
  std::optional<wire::Buffer>
      data;  // SEND: these octets; RECEIVE: expected ones. Unset: the pattern
  /// Options of OPEN and the one of SET: name -> value (`nodelay` 1, `mss` 1000, durations in ns).
  std::map<std::string, std::int64_t> options;
  std::string text;  // as written, for reports: "SEND 2500"
};

/// The number that STATUS tells of this stands for an IPv4 address.
constexpr bool is_address(Call::Status subject) {
  return subject == Call::Status::source || subject == Call::Status::destination;
}

/// What a call may return: outcomes, or for STATUS numbers.
struct Returns {
  std::vector<Outcome> outcomes;
  std::vector<Value> numbers;
};

/// `gap`: a nominal length in low..high, or low..high times the previous gap's.
struct Gap {
  bool ratio = false;
  double low_ratio = 0, high_ratio = 0;
  Duration low{}, high{};
};

/// `now`, or a length of time.
struct Limit {
  bool now = false;
  Duration duration{};
};

struct Alternative;

struct Step {
  enum class Verb : std::uint8_t {
    send,
    expect,
    expect_data,
    expect_ack,
    silence,
    call,
    at,
    wait,
    unordered,
    one_of,
  } verb = Verb::wait;
  StepId id = 0;
  SourceMark mark;
  std::string text;  // as written in the file, without the verb: "S. 0:0(0) ack 1"

  ConnId conn = 0;
  bool has_conn = false;  // written: `silence` then looks at that queue only
  FramePattern frame;     // send, expect, expect-data
  Value ack;              // expect-ack
  Limit limit;            // silence, wait
  Call call;
  Returns returns;                        // call; default {ok}
  bool background = false;                // call
  std::vector<State> states;              // at
  std::vector<Step> members;              // unordered
  std::vector<Alternative> alternatives;  // one-of

  std::optional<HostId> from;
  std::optional<LinkId> via;
  std::optional<Limit> within;
  std::optional<Duration> after;
  std::optional<Gap> gap;
  std::optional<std::string> since;
  std::uint32_t times_low = 1, times_high = 1;
  bool optional = false;
  bool acked = false;
  std::optional<std::string> save;

  std::vector<std::string> covers;
  Level level = Level::must;  // of its covers, else as written, else MUST
  std::string note;
};
struct Alternative {
  std::string label;
  std::vector<Step> steps;
};

struct Connection {
  std::string name;
  bool tcp = true;  // else UDP
  HostId host = 0;  // the tester's side
  std::uint16_t tester_port = 0;
  std::uint16_t target_port = 0;        // where a passive OPEN listens
  wire::Seq isn;                        // the tester's, drawn from the seed unless the case sets it
  std::optional<wire::Seq> target_isn;  // told to targets with isn-control
  bool isn_drawn = false, target_isn_drawn = false;  // the seed decides, not the case
};

/// Frames that no step sees.
enum class Ignored : std::uint8_t {
  window_update,
  pure_ack,
  keep_alive,
  igmp,
  mld,
  router_solicitation,
};

/// How exactly a target's time can be judged (docs/case-language.md 3 and 10).
struct Timing {
  Duration answer = 1s;
  Duration measure{}, early{}, late{};
  Duration rto_min{};     // the shortest retransmission timeout the target declares; 0: not known
  double late_ratio = 0;  // 0.125 is 12.5 %
  Duration tester_late =
      10ms;  // a stimulus later than this makes the attempt inconclusive; real time only
};

enum class StateReport : std::uint8_t { every, sampled, none };

/// One case for one target, cell and seed: everything resolved but what only the wire can tell
/// (bindings and positions). Plain data; harness/case makes it, the judge reads it.
struct Case {
  std::string id;    // tcp/open/passive
  std::string cell;  // "[ip=v6,mtu=1280]", empty without a matrix
  std::string name;
  SourceMark mark;
  std::vector<std::string> covers;
  std::vector<std::string> needs;
  bool slow = false;
  std::uint64_t seed = 0;
  wire::Family family = wire::Family::v4;
  Network network;
  bool manual_neighbours = false;
  std::vector<Connection> connections;  // index is ConnId
  std::vector<Ignored> ignore;
  std::vector<FramePattern> ignore_patterns;
  std::vector<Step> steps;  // the start's first
  std::map<ConnId, std::vector<State>> transitions;
  std::map<std::string, std::string> waive;  // invariant -> reason
  Timing timing;
  StateReport state_report = StateReport::every;
  bool virtual_time = true;
  std::vector<std::pair<std::string, std::string>> sysctls;  // of the target's profile
  std::shared_ptr<const StateRules> state_rules;  // of the state table; empty: there is none
};

/// The step with this id, nested ones included; null if there is none.
const Step* find_step(const Case& one_case, StepId id);

/// Octet `n` (relative sequence number, or offset in a datagram) of the two payload patterns.
constexpr std::uint8_t tester_octet(std::uint64_t n) {
  return static_cast<std::uint8_t>(n % 251);
}
constexpr std::uint8_t target_octet(std::uint64_t n) {
  return static_cast<std::uint8_t>(255 - n % 251);
}

}  // namespace tcproof::checks
