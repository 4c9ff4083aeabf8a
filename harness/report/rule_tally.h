// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "checks/trace.h"

namespace tcproof::harness {

/// Counts which of a target's rules the traces of a run have reached: what it says in its notes,
/// alone or behind "FROM -> TO: ".
class RuleTally {
 public:
  explicit RuleTally(const std::vector<std::string>& rules);

  void add(const checks::Trace& trace);

  std::size_t count(std::string_view rule) const;
  /// In the order of the target's list.
  std::vector<std::string> never_reached() const;
  /// How many were reached, and each that was not on a line of its own.
  std::string text(std::string_view target) const;

 private:
  std::vector<std::string> rules_;
  std::map<std::string, std::size_t, std::less<>> counts_;
};

}  // namespace tcproof::harness
