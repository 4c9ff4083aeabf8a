// SPDX-License-Identifier: Apache-2.0
// Any octets as a traffic profile: diagnostics, or streams that can be sent at any limit, each packet
// the one that emit() makes (which compile() proves).
#include <cassert>
#include <string>

#include "generator/pacer.h"
#include "generator/template.h"
#include "harness/traffic/ends.h"
#include "harness/traffic/profile_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tcproof;
  auto profile = harness::parse_traffic_profile(
      "x.yaml", std::string(reinterpret_cast<const char*>(data), size), "no such folder");
  if (!profile) {
    assert(!harness::render(profile.error()).empty());
    return 0;
  }
  harness::limit_rate(*profile, 1000);
  const auto compiled = generator::compile(*profile);
  assert(compiled);
  for (const generator::CompiledStream& stream : *compiled) {
    generator::Pacer pacer(stream);
    const Duration first = pacer.due(0);
    assert(first <= pacer.due(5000));
  }
  return 0;
}
