// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checks/case.h"
#include "checks/requirement.h"
#include "harness/case/matrix.h"
#include "harness/case/profile.h"
#include "harness/case/yaml.h"

namespace tcproof::harness::loading {

/// The files one case is made of. `start` and `topology` are null if they could not be read.
struct CaseFiles {
  std::string id;
  const Node* root = nullptr;
  const Node* start = nullptr;
  const Node* topology = nullptr;
  const checks::Catalogue* catalogue = nullptr;
  const std::set<std::string>* value_names = nullptr;
};

/// `NAME`, or `{ use: NAME, VAR: value }`: the name, empty if there is none or it was reported.
std::string used_name(const Node* node, std::string_view what, Problems& problems);

/// All features that a target may have.
std::span<const std::string_view> known_features();
/// `needs` of a case or a start.
std::vector<std::string> read_needs(const Node* needs, Problems& problems);

/// Reports a name that no invariant has.
void check_invariant_name(const std::string& name, const Place& place, Problems& problems);

struct BuiltCase {
  checks::Case one_case;
  std::string missing;  // the value that the case uses and the profile lacks; empty if none
};
/// Reads everything of one cell. Without a profile, its values are guessed: that is how files are
/// checked. What is wrong goes to `problems`; the case is of no use then.
BuiltCase build_case(const CaseFiles& files, const Cell& cell, const Profile* profile,
                     std::uint64_t seed, Problems& problems);

}  // namespace tcproof::harness::loading
