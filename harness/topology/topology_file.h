// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checks/network.h"
#include "harness/case/diagnostic.h"
#include "harness/case/yaml.h"

namespace tcproof::harness {

/// A topology file (docs/case-language.md 7) as the network it describes, with `variables` in place
/// of its own defaults. A name that the file's `vars` lack is an error of the file as a whole.
Loaded<checks::Network> load_topology(const std::filesystem::path& path,
                                      const std::map<std::string, std::string>& variables = {});

namespace loading {

/// Names in the file's `vars`.
std::vector<std::string> topology_variables(const Node& root);
/// The same as load_topology for a file that is read already; empty if something is wrong with it.
std::optional<checks::Network> read_topology(const Node& root,
                                             const std::map<std::string, std::string>& variables,
                                             Problems& problems);

}  // namespace loading
}  // namespace tcproof::harness
