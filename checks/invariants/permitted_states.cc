// SPDX-License-Identifier: Apache-2.0
// The target's segments and the states that it shows agree with RFC 9293: each segment is one that
// a state permitted by the wire so far sends, and each state shown is a permitted one. A state that
// lies, or that is looked up wrongly, is a finding of its own.
//
// The permitted states come from the state table (checks/acceptor): what its cells leave open, and
// what they do not speak of, stays permitted as far as figure 5 goes. Segments that the tester may
// have lost on its way to the target (a router, an impaired link) bind nothing.
#include <fmt/format.h>

#include "checks/acceptor/follow.h"
#include "checks/invariants/flow.h"
#include "checks/invariants/invariants.h"

namespace tcproof::checks {
namespace {

Failure failure_of(const Acceptor& acceptor, const Event& event) {
  Failure failure;
  failure.at = time_of(event);
  failure.what = acceptor.refusal();
  if (const auto* seen = std::get_if<StateSeen>(&event)) {
    failure.got = to_string(seen->state);
    failure.what = fmt::format("shows {}, but the wire permits {}", to_string(seen->state),
                               to_string(acceptor.shown(seen->reported)));
  }
  return failure;
}

}  // namespace

void check_permitted_states(const Case& one_case, const Transcript& transcript, Failures& out) {
  if (one_case.state_rules == nullptr) return;
  for (std::size_t i = 0; i < one_case.connections.size(); ++i) {
    const auto conn = static_cast<ConnId>(i);
    if (!one_case.connections[i].tcp || !has_its_own_ports(one_case, conn)) continue;
    follow(one_case, transcript, conn, [&](const Acceptor& acceptor, const Event& event) {
      const auto* seen = std::get_if<StateSeen>(&event);
      const bool lies =
          seen != nullptr && seen->conn == conn && !acceptor.shown(seen->reported).has(seen->state);
      if (!lies && acceptor.refusal().empty()) return true;
      out.push_back(failure_of(acceptor, event));
      return false;
    });
  }
}

}  // namespace tcproof::checks
