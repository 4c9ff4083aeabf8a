// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "stack/wire/time.h"

namespace tcproof::harness {

/// Waits for the end of a child and says what it died of: "SIGSEGV (Segmentation fault)", "exit
/// status 3"; empty after a plain exit.
std::string wait_for_end(pid_t child);

/// What checks::TargetDied says of a process that ended in the middle of a case. `died_of` is from
/// wait_for_end(), `said` the last line that it printed or empty.
std::string crashed(const std::string& died_of, const std::string& said);
/// The same of one that was stopped after `patience`.
std::string hung(Duration patience);

}  // namespace tcproof::harness
