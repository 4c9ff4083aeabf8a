// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace tcproof::harness {

/// One thing that the program can use if the machine has it.
struct Capability {
  std::string name;
  bool works = false;
  std::string detail;  // what works, or which step failed and why
  std::string remedy;  // what to do about it; may be empty
};

/// What the kernel as a target needs and uses, each tried out in a process of its own that ends
/// with it; the machine is not changed. For a process without threads.
std::vector<Capability> linux_capabilities();

}  // namespace tcproof::harness
