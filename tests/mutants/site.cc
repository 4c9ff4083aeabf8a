// SPDX-License-Identifier: Apache-2.0
#include "tests/mutants/site.h"

#include <sys/mman.h>

#include <cstdlib>

namespace tcproof::mutants {
namespace {

constexpr std::size_t most_sites = 1 << 14;  // as the engine has it

unsigned char* noted() {
  static unsigned char nowhere[most_sites];
  const char* descriptor = std::getenv("TCPROOF_MUTANT_REACH");
  if (descriptor == nullptr || *descriptor == '\0') return nowhere;
  void* shared =
      ::mmap(nullptr, most_sites, PROT_READ | PROT_WRITE, MAP_SHARED, std::atoi(descriptor), 0);
  return shared == MAP_FAILED ? nowhere : static_cast<unsigned char*>(shared);
}

int chosen() {
  const char* site = std::getenv("TCPROOF_MUTANT");
  return site == nullptr ? 0 : std::atoi(site);
}

}  // namespace

const Sites sites{chosen(), noted()};

}  // namespace tcproof::mutants
