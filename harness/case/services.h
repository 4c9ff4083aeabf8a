// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "checks/case.h"

namespace tcproof::harness {

/// The ports of the standard services of a stack that has no application interface: RFC 862, 863,
/// 864.
struct Services {
  std::optional<std::uint16_t> echo, discard, chargen;
  bool any() const { return echo || discard || chargen; }
};

/// Puts the target's services in the place of the application that the case asks for: its passive
/// OPENs go to the port of a service, which the target takes for having listened already. Returns
/// why the case must be skipped, if no service can stand for what it asks; the case is then half
/// changed.
std::optional<std::string> map_to_services(checks::Case& one_case, const Services& services);

}  // namespace tcproof::harness
