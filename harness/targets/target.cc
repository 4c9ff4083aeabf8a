// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/target.h"

#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/targets/linux/linux_target.h"
#include "harness/targets/reference/reference_target.h"

namespace tcproof::harness {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<Target> (*make)(const Profile&);
};

constexpr std::array known{
    Entry{"reference", make_reference_target},
    Entry{"linux", make_linux_target},
};

}  // namespace

Loaded<std::unique_ptr<Target>> make_target(const std::string& spec, const Profile& profile) {
  for (const Entry& entry : known)
    if (entry.name == spec) return entry.make(profile);
  Diagnostic unknown;
  unknown.message = fmt::format("no target '{}'", spec);
  unknown.cure = fmt::format("there are {}", fmt::join(target_names(), ", "));
  return tl::unexpected(Diagnostics{unknown});
}

std::vector<std::string> target_names() {
  std::vector<std::string> names;
  for (const Entry& entry : known) names.emplace_back(entry.name);
  return names;
}

}  // namespace tcproof::harness
