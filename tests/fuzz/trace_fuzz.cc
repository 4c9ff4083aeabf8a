// SPDX-License-Identifier: Apache-2.0
// Any octets as the trace that a worker sends back: a stack that has overwritten its process may
// send anything. What reads as a trace is judged by every invariant, and writes as what was read.
#include <cassert>

#include "checks/invariant.h"
#include "checks/trace.h"
#include "checks/transcript.h"

namespace {

using namespace tcproof;
using namespace tcproof::checks;

Case conversation() {
  Case out;
  out.network.hosts = {{.name = "tester", .mac = {{2, 0, 0, 0, 0, 1}}},
                       {.name = "target", .mac = {{2, 0, 0, 0, 0, 2}}}};
  const auto prefix = [](std::uint8_t last) {
    return wire::IpPrefix{wire::IpAddress::v4(192, 0, 2, last), 24};
  };
  out.network.links = {
      {.name = "wire", .ends = {{.host = 0, .v4 = prefix(1)}, {.host = 1, .v4 = prefix(2)}}}};
  out.network.tester = 0;
  out.network.target = 1;
  out.connections = {{.name = "c1", .host = 0, .tester_port = 40001, .target_port = 5001}};
  out.timing.rto_min = 200ms;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Case one_case = conversation();
  const auto trace = Trace::parse({data, size});
  if (!trace) return 0;
  const wire::Buffer written = trace->serialize();
  const auto again = Trace::parse(written);
  assert(again && again->serialize() == written);
  const Transcript transcript(one_case, *trace);
  for (const Invariant& invariant : all_invariants()) {
    std::vector<Failure> failures;
    invariant.check(one_case, transcript, failures);
  }
  return 0;
}
