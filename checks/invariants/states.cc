// SPDX-License-Identifier: Apache-2.0
// The states that a target shows follow figure 5 of RFC 9293. Where every change is reported each
// step must be an edge of the figure; where states are only sampled there must be a way from one to
// the next.
#include <fmt/format.h>

#include <array>
#include <map>

#include "checks/acceptor/figure_5.h"
#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"

namespace tcproof::checks {
namespace {

using Edges = std::array<std::array<bool, state_count>, state_count>;

constexpr Edges figure_5() {
  Edges edges{};
  all_states.each([&](State from) {
    successors(from).each([&](State to) {
      edges[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)] = true;
    });
  });
  return edges;
}

/// Where a way leads that does not pass through CLOSED: that would be another connection.
constexpr Edges ways(Edges edges) {
  constexpr std::size_t closed = 0;
  for (std::size_t via = 1; via < state_count; ++via) {
    for (std::size_t from = 0; from < state_count; ++from) {
      for (std::size_t to = 0; to < state_count; ++to) {
        if (via != closed && edges[from][via] && edges[via][to]) edges[from][to] = true;
      }
    }
  }
  return edges;
}

constexpr Edges edges = figure_5();
constexpr Edges reachable = ways(figure_5());

}  // namespace

void check_states(const Case& one_case, const Transcript& transcript, Failures& out) {
  if (one_case.state_report == StateReport::none) return;
  const Edges& allowed = one_case.state_report == StateReport::every ? edges : reachable;
  std::map<ConnId, State> last;
  for (const Event& event : transcript.trace().events()) {
    if (const auto* made = std::get_if<CallMade>(&event)) {
      const Step* step = find_step(one_case, made->step);
      const bool opens = step != nullptr && (step->call.verb == Call::Verb::open_active ||
                                             step->call.verb == Call::Verb::open_passive);
      if (opens) last[step->conn] = State::closed;
    }
    const auto* seen = std::get_if<StateSeen>(&event);
    if (seen == nullptr) continue;
    const auto [it, fresh] = last.try_emplace(seen->conn, State::closed);
    const State from = it->second;
    it->second = seen->state;
    if (from == seen->state ||
        allowed[static_cast<std::size_t>(from)][static_cast<std::size_t>(seen->state)]) {
      continue;
    }
    Failure failure;
    failure.at = seen->at;
    failure.what = fmt::format("{} after {}", to_string(seen->state), to_string(from));
    out.push_back(std::move(failure));
    return;
  }
}

}  // namespace tcproof::checks
