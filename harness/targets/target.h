// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "harness/case/diagnostic.h"
#include "harness/case/library.h"
#include "harness/case/profile.h"
#include "harness/run/bench.h"

namespace tcproof::harness {

/// What is tested. One object a process; a fresh bench for every attempt. A target's own folder is
/// the only place that knows what kind it is.
class Target {
 public:
  virtual ~Target() = default;
  virtual const Profile& profile() const = 0;

  /// Whether it can run here at all: called once in the process that will open benches, before any
  /// thread exists (user namespaces demand that). An error here makes every case a skip, exit 77.
  virtual Tried<void> prepare() = 0;

  using AnyBench = std::variant<std::unique_ptr<VirtualBench>, std::unique_ptr<RealBench>>;
  /// A fresh instance for `one_case`, which outlives it.
  virtual Tried<AnyBench> open(const checks::Case& one_case) = 0;
  /// How many attempts may be alive at once in one process.
  virtual std::size_t concurrency() const = 0;
  /// Whether code that is not ours runs in the process. Each case then has a process of its own, so
  /// that what one overwrites or leaks is no other's, and what it prints stays out of the report.
  virtual bool foreign() const { return false; }
  /// The names of all rules that the target may give in its notes, if it gives any: what a run has
  /// not reached can then be told.
  virtual std::vector<std::string> rules() const { return {}; }
  /// "linux 6.18.0", for the report's heading and the document's host part.
  virtual std::string describe() const = 0;
};

/// `spec` is what --target was given: a name, then what that target takes ("plugin:FILE,key=value").
/// Its profile comes from `library`. Errors (exit 2): no target of that name, no such file.
Loaded<std::unique_ptr<Target>> make_target(const std::string& spec, const Library& library);
/// The names make_target() knows, for messages and completion.
std::vector<std::string> target_names();

}  // namespace tcproof::harness
