// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "checks/case.h"
#include "stack/wire/bytes.h"

namespace tcproof::harness {

/// What a call of the target's application sends: its own data, else the target's pattern, whose
/// first octet here has the number `first` (docs/case-language.md 2.3).
inline wire::Buffer target_payload(const checks::Call& call, std::uint64_t first) {
  if (call.data) return *call.data;
  wire::Buffer octets(call.count);
  for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = checks::target_octet(first + i);
  return octets;
}

}  // namespace tcproof::harness
