// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/property/scenario.h"

namespace tcproof::property {

/// How a conversation of two stacks went.
struct Ending {
  /// What is wrong, in a sentence; empty: nothing.
  std::string wrong;
  bool whole = false;  // every octet arrived both ways
  Duration lasted{};   // in virtual time
  std::uint64_t frames = 0;
};

/// Plays it to its end, in virtual time, and holds it against what must be true of any two stacks
/// on any path:
///
/// - what arrives is what was sent, from its first octet on, and nothing else;
/// - all of it arrives, or one of the two connections has reported why not;
/// - the end of the data is only told once all of it has arrived;
/// - it comes to an end: neither side waits for ever, nor do they talk for ever;
/// - no invariant of checks/ is broken, from either side.
///
/// With `narrate` every frame and rule goes to standard output.
Ending converse(const Scenario& scenario, bool narrate = false);

}  // namespace tcproof::property
