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
/// Bounds, in probes: for the size 1 on a clear path, 3 where one router reports and one more for
/// each router further on. Where nobody reports, ceil(log2(range)) times `copies`, `copies` and 3
/// more for the first link's size and a small one, twice `copies` to tell a filter from a rate limit
/// and per hop at most twice `copies` to find who drops. For loss, 16 small ones unless quick, and
/// 24 at the first probe without an answer; more only where some of them are lost. On TCP 2, and
/// one for each hop where its MSS looks clamped.
PathReport diagnose(ProbeWire& wire, const wire::IpAddress& target,
                    const DiagnosisOptions& options);

}  // namespace tcproof::harness
