// SPDX-License-Identifier: Apache-2.0
#include "harness/report/transitions.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "checks/acceptor/figure_5.h"

namespace tcproof::harness {
namespace {

using checks::State;

/// `obstacle`: why a target's application interface may have no way along it; empty: it has one.
struct Edge {
  State from, to;
  std::string_view cause, obstacle;
};
constexpr std::array figure_5{
    Edge{State::closed, State::listen, "passive OPEN", ""},
    Edge{State::closed, State::syn_sent, "active OPEN", ""},
    Edge{State::listen, State::closed, "CLOSE", ""},
    Edge{State::listen, State::syn_received, "rcv SYN",
         "a listening socket stays in LISTEN and the connection is another"},
    Edge{State::listen, State::syn_sent, "SEND",
         "SEND makes a call of a passive OPEN only if that has named the remote socket (3.10.2), "
         "which a listening socket cannot"},
    Edge{State::syn_sent, State::closed, "CLOSE", ""},
    Edge{State::syn_sent, State::syn_received, "rcv SYN", ""},
    Edge{State::syn_sent, State::established, "rcv SYN,ACK", ""},
    Edge{State::syn_received, State::listen, "rcv RST (note 1)",
         "a listening socket stays in LISTEN and the half-open connection is gone"},
    Edge{State::syn_received, State::established, "rcv ACK of SYN", ""},
    Edge{State::syn_received, State::fin_wait_1, "CLOSE",
         "a socket is handed over when it is ESTABLISHED: nobody can close it before"},
    Edge{State::established, State::fin_wait_1, "CLOSE", ""},
    Edge{State::established, State::close_wait, "rcv FIN", ""},
    Edge{State::fin_wait_1, State::fin_wait_2, "rcv ACK of FIN", ""},
    Edge{State::fin_wait_1, State::closing, "rcv FIN", ""},
    Edge{State::fin_wait_1, State::time_wait, "rcv FIN and ACK of FIN (note 2)", ""},
    Edge{State::fin_wait_2, State::time_wait, "rcv FIN", ""},
    Edge{State::closing, State::time_wait, "rcv ACK of FIN", ""},
    Edge{State::close_wait, State::last_ack, "CLOSE", ""},
    Edge{State::last_ack, State::closed, "rcv ACK of FIN", ""},
    Edge{State::time_wait, State::closed, "timeout of 2 MSL", ""},
};

static_assert(std::ranges::all_of(figure_5, [](const Edge& edge) {
  return checks::successors(edge.from).has(edge.to);
}));

/// Where one connection is, and has been before.
struct Place {
  State before = State::closed, now = State::closed;
  Instant since{};
};

}  // namespace

void TransitionTally::add(const checks::Trace& trace) {
  std::map<checks::ConnId, Place> places;
  for (const checks::Event& event : trace.events()) {
    const auto* seen = std::get_if<checks::StateSeen>(&event);
    if (seen == nullptr) continue;
    Place& place = places[seen->conn];
    if (seen->state == place.now) continue;
    ++counts_[{place.now, seen->state}];
    const bool through_fin_wait_2 = place.before == State::fin_wait_1 &&
                                    place.now == State::fin_wait_2 && place.since == seen->at;
    if (through_fin_wait_2) ++counts_[{place.before, seen->state}];
    place = {place.now, seen->state, seen->at};
  }
}

std::size_t TransitionTally::count(State from, State to) const {
  const auto found = counts_.find({from, to});
  return found == counts_.end() ? 0 : found->second;
}

std::size_t TransitionTally::edges() const {
  return figure_5.size();
}

std::size_t TransitionTally::seen() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      figure_5, [this](const Edge& edge) { return count(edge.from, edge.to) != 0; }));
}

std::string TransitionTally::text(std::string_view target) const {
  std::string out = fmt::format("{} of {} transitions of RFC 9293 figure 5 were seen on {}{}\n",
                                seen(), edges(), target, seen() == edges() ? "" : "; not:");
  for (const Edge& edge : figure_5) {
    if (count(edge.from, edge.to) != 0) continue;
    out += fmt::format("  {} -> {}, {}: {}\n", checks::to_string(edge.from),
                       checks::to_string(edge.to), edge.cause,
                       edge.obstacle.empty() ? "no case of this run goes this way" : edge.obstacle);
  }
  return out;
}

}  // namespace tcproof::harness
