// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace tcproof::harness {

/// Moves this process's heap to huge pages, where the kernel can. Forking copies a table entry a
/// page: with small ones a process of 100 MB takes as long to fork as some tens of cases to run.
/// Gives the octets that were moved; none is no error, only slower.
std::size_t move_to_huge_pages();

}  // namespace tcproof::harness
