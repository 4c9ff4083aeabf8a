// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/case/case_builder.h"
#include "harness/case/library.h"

namespace tcproof::harness {

/// The trees are shared with the library: several cases have one start or topology.
struct CaseFile::Impl {
  std::string id, name;
  std::vector<std::string> covers, needs;
  bool slow = false;
  std::vector<std::string> cell_names;
  std::vector<loading::Cell> cells;
  std::shared_ptr<const loading::Document> document, start, topology;
  const checks::Catalogue* catalogue = nullptr;
  const std::set<std::string>* value_names = nullptr;
  std::shared_ptr<const checks::StateRules> state_rules;

  loading::CaseFiles files() const;
};

namespace loading {

/// Reads what stands at the top of a case and of its start, and with `check` every cell. `impl` has
/// its documents, catalogue and value names; the rest is filled in.
void read_case_file(CaseFile::Impl& impl, bool check, Problems& problems);

}  // namespace loading
}  // namespace tcproof::harness
