// SPDX-License-Identifier: Apache-2.0
// Any octets as a topology file: a network or diagnostics, never anything else.
#include <cassert>

#include "harness/topology/topology_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tcproof::harness;
  loading::Problems problems;
  const auto document = loading::parse_yaml(
      "x.yaml", std::string(reinterpret_cast<const char*>(data), size), problems);
  const auto network = loading::read_topology(document.root, {}, problems);
  assert(network || !problems.empty());
  if (!problems.empty()) render(problems.take());
  return 0;
}
