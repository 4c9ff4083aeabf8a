// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "checks/case.h"

namespace tcproof::harness {

/// The initial sequence number that a seed gives (docs/case-language.md 2.2): just under 2^32 for
/// the seeds 0 and 1, else also just under 2^31, at 0, or anywhere. The same `what` draws the same
/// number again.
wire::Seq draw_isn(std::uint64_t seed, std::string_view what);

/// Gives the case this seed and draws anew what it leaves to the seed: far cheaper than
/// instantiating its file once for each of many seeds.
void draw_from_seed(checks::Case& one_case, std::uint64_t seed);

}  // namespace tcproof::harness
