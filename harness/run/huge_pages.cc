// SPDX-License-Identifier: Apache-2.0
#include "harness/run/huge_pages.h"

#include <sys/mman.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

namespace tcproof::harness {
namespace {

constexpr std::uintptr_t huge = std::uintptr_t{2} << 20;
// What is longer is address space that somebody reserves, as sanitizers do, not memory.
constexpr std::uintptr_t longest_range = std::uintptr_t{4} << 30;
// Of <linux/mman.h>, since Linux 6.1; others refuse it.
constexpr int collapse = 25;

struct Range {
  std::uintptr_t from = 0, to = 0;
};

// What is this process's own and can be written: the heap and what was mapped without a file.
std::vector<Range> own_memory() {
  std::vector<Range> ranges;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    Range range;
    char write = '-', own = 's';
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %*c%c%*c%c", &range.from, &range.to,
                    &write, &own) != 4)
      continue;
    const bool heap = line.ends_with("[heap]");
    const bool nameless = line.find_first_of("/[") == std::string::npos;
    const bool memory = range.to - range.from <= longest_range;
    if (write == 'w' && own == 'p' && memory && (heap || nameless)) ranges.push_back(range);
  }
  return ranges;
}

}  // namespace

std::size_t move_to_huge_pages() {
  std::size_t moved = 0;
  for (const Range& range : own_memory()) {
    const std::uintptr_t first = (range.from + huge - 1) / huge * huge;
    for (std::uintptr_t at = first; at + huge <= range.to; at += huge)
      if (::madvise(reinterpret_cast<void*>(at), huge, collapse) == 0) moved += huge;
  }
  return moved;
}

}  // namespace tcproof::harness
