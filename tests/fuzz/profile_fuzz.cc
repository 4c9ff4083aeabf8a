// SPDX-License-Identifier: Apache-2.0
// Any octets as a target's profile: a profile or diagnostics, never anything else.
#include <cassert>

#include "harness/case/profile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tcproof;
  static const checks::Catalogue catalogue = [] {
    checks::Catalogue all;
    all.add({.id = "RFC9293-MUST-7"});
    return all;
  }();
  const auto profile = harness::parse_profile(
      "x.yaml", std::string(reinterpret_cast<const char*>(data), size), catalogue);
  if (!profile) assert(!harness::render(profile.error()).empty());
  return 0;
}
