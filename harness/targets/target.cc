// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/target.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/targets/linux/linux_target.h"
#include "harness/targets/plugin/plugin_target.h"
#include "harness/targets/reference/reference_target.h"

namespace tcproof::harness {
namespace {

using Made = Loaded<std::unique_ptr<Target>>;

// A target that takes nothing but its profile.
template <std::unique_ptr<Target> (*make)(const Profile&)>
Made plain(const std::string& name, const std::string& rest, const Library& library) {
  if (!rest.empty())
    return tl::unexpected(
        complaint(fmt::format("target '{}' takes no '{}'", name, rest), "give its name alone"));
  const Loaded<Profile> profile = library.profile(name);
  if (!profile) return tl::unexpected(profile.error());
  return make(*profile);
}

struct Entry {
  std::string_view name;
  /// `rest` is what follows the name, with the sign between them.
  Made (*make)(const std::string& name, const std::string& rest, const Library& library);
};

constexpr std::array known{
    Entry{"reference", make_reference_target},
    Entry{"linux", plain<make_linux_target>},
    Entry{"lwip", make_shipped_plugin},
    Entry{"plugin", make_plugin_target},
};

}  // namespace

Loaded<std::unique_ptr<Target>> make_target(const std::string& spec, const Library& library) {
  const std::size_t end = std::min(spec.find_first_of(":,"), spec.size());
  const std::string name = spec.substr(0, end);
  for (const Entry& entry : known)
    if (entry.name == name) return entry.make(name, spec.substr(end), library);
  return tl::unexpected(complaint(fmt::format("no target '{}'", name),
                                  fmt::format("there are {}", fmt::join(target_names(), ", "))));
}

std::vector<std::string> target_names() {
  std::vector<std::string> names;
  for (const Entry& entry : known) names.emplace_back(entry.name);
  return names;
}

}  // namespace tcproof::harness
