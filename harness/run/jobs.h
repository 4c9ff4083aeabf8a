// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "checks/case.h"
#include "stack/wire/time.h"

namespace tcproof::harness {

/// How long a case waits by what its steps say: its waits, silences and the timers it watches. An
/// estimate for ordering and for sharing out work, never for judging.
Duration waits_of(const checks::Case& one_case);

/// Whether it spends its time waiting instead of computing.
bool mostly_waits(const checks::Case& one_case);

/// The processors that this process may use.
std::uint32_t usable_cores();

/// How many worker processes suit so many cases of which `waiting` mostly wait. In real time one
/// worker holds hundreds of waiting cases at no cost, and only the others need processors; in
/// virtual time nobody waits.
std::uint32_t auto_jobs(std::size_t cases, std::size_t waiting, bool virtual_time,
                        std::uint32_t cores);

}  // namespace tcproof::harness
