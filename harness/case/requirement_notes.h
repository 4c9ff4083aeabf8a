// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "checks/requirement.h"
#include "harness/case/diagnostic.h"

namespace tcproof::harness {

/// What specs/requirements/ says beside the catalogue itself. Both files name an id, or what ids
/// begin with (RFC7413, RFC7323-2); the longest entry that fits an id counts.
struct RequirementNotes {
  /// uncovered.yaml: why no case covers this id.
  std::map<std::string, std::string, std::less<>> uncovered;
  /// optional.yaml: the feature without which this id does not apply.
  std::map<std::string, std::string, std::less<>> feature;
};

/// A reason that begins so says that the condition of the requirement does not arise: a host that
/// does not forward has no use for what is asked of routers.
inline constexpr std::string_view not_applicable_reason = "not applicable: ";

/// Reads both files of `folder`; either may be missing. `covered` are the ids on cases: an entry of
/// uncovered.yaml that fits no id, or none that is uncovered, is an error.
Loaded<RequirementNotes> load_requirement_notes(const std::filesystem::path& folder,
                                                const checks::Catalogue& catalogue,
                                                const std::set<std::string>& covered);

}  // namespace tcproof::harness
