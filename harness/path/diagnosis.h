// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/path/asker.h"
#include "harness/path/path_report.h"
#include "harness/path/probe.h"

namespace tcproof::harness {

struct DiagnosisOptions {
  std::optional<Method> method;  // empty: as many as are needed
  unsigned copies = 6;  // of a probe before its silence is believed, on a path without loss
  bool quick = false;   // no watch for loss where none shows, and one method alone
  std::uint16_t first_number = 1;
  Duration least_spacing = 2ms;  // between two probes that wait for no answer
  Asker::Watch watch = [](const Probe&, unsigned, const Answer&) {};
};

/// Finds the path MTU and what is wrong with the path. No I/O and no clock but the wire's.
///
/// Bounds, in probes: 2 for a clear path, 3 where one router reports, one more for each router
/// further on, and unless quick 16 small ones that watch for loss; where nobody reports, ceil(log2(range)) sizes with `copies` each for those that do
/// not get through, 24 small ones to tell loss by size from plain loss, twice `copies` more to tell
/// a filter from a rate limit, and per hop at most twice `copies` to find who drops.
PathReport diagnose(ProbeWire& wire, const wire::IpAddress& target,
                    const DiagnosisOptions& options);

}  // namespace tcproof::harness
