// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "checks/case.h"
#include "checks/trace.h"
#include "stack/wire/bytes.h"

namespace tcproof::harness {

/// What the tester's hosts do without being asked: answer ARP and neighbour solicitations for every
/// host but the target (unless the case has `neighbours: manual`). They never acknowledge,
/// retransmit or reset.
class TesterHost {
 public:
  explicit TesterHost(const checks::Case& one_case) : case_(one_case) {}

  struct Answer {
    checks::LinkId link;
    checks::HostId from;
    wire::Buffer octets;
  };
  std::optional<Answer> on_frame(const checks::FrameSeen& seen, wire::Bytes octets) const;

 private:
  const checks::Case& case_;
};

}  // namespace tcproof::harness
