// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "checks/state.h"
#include "checks/trace.h"

namespace tcproof::harness {

/// Counts which edges of RFC 9293 figure 5 the traces of a run have shown: a connection in one state
/// and then in the next, as the target reported it or was found when looked at. The edge of its
/// note 2, FIN-WAIT-1 to TIME-WAIT, may pass through FIN-WAIT-2 at the same instant.
class TransitionTally {
 public:
  void add(const checks::Trace& trace);

  std::size_t count(checks::State from, checks::State to) const;
  std::size_t edges() const;
  std::size_t seen() const;
  /// How many edges were seen, and each that was not with what may stand in its way.
  std::string text(std::string_view target) const;

 private:
  std::map<std::pair<checks::State, checks::State>, std::size_t> counts_;
};

}  // namespace tcproof::harness
