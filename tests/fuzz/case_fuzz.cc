// SPDX-License-Identifier: Apache-2.0
// Any octets as a case file: a good case or diagnostics, never anything else. What loads is also
// made for a profile without values.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "harness/case/case_file.h"
#include "harness/case/yaml.h"

namespace {

using namespace tcproof;
using harness::loading::Document;
using harness::loading::Problems;

constexpr const char* pair =
    "name: pair\n"
    "vars: { mtu: 1500 }\n"
    "hosts:\n"
    "  tester: { mac: \"02:00:00:00:00:01\" }\n"
    "  target: { mac: \"02:00:00:00:00:02\" }\n"
    "links:\n"
    "  wire:\n"
    "    mtu: $mtu\n"
    "    ends:\n"
    "      tester: { v4: 192.0.2.1/24, v6: \"2001:db8::1/64\" }\n"
    "      target: { v4: 192.0.2.2/24, v6: \"2001:db8::2/64\" }\n";

checks::Catalogue catalogue() {
  checks::Catalogue all;
  all.add({.id = "RFC9293-MUST-7"});
  all.add({.id = "RFC5681-3.2-1", .level = checks::Level::should});
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const checks::Catalogue known = catalogue();
  static const std::set<std::string> value_names{"rto_initial", "time_wait"};
  static Problems none;
  static const auto topology =
      std::make_shared<const Document>(harness::loading::parse_yaml("pair.yaml", pair, none));
  Problems problems;
  auto impl = std::make_unique<harness::CaseFile::Impl>();
  impl->id = "fuzz";
  impl->catalogue = &known;
  impl->value_names = &value_names;
  impl->topology = topology;
  impl->document = std::make_shared<const Document>(harness::loading::parse_yaml(
      "x.yaml", std::string(reinterpret_cast<const char*>(data), size), problems));
  harness::loading::read_case_file(*impl, true, problems);
  if (!problems.empty()) {
    harness::render(problems.take());
    return 0;
  }
  const harness::CaseFile file(std::move(impl));
  harness::Profile profile;
  profile.features = {"ipv4", "ipv6"};
  for (std::size_t cell = 0; cell < file.cells().size() && cell < 4; ++cell) {
    const auto instance = file.instantiate(cell, profile, 7);
    if (!instance) harness::render(instance.error());
  }
  return 0;
}
