// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "harness/case/state_rules.h"
#include "harness/case/state_table.h"

namespace tcproof::checks {

/// The rules of specs/tcp/state-table.yaml, read once.
inline std::shared_ptr<const StateRules> shipped_rules() {
  namespace loading = harness::loading;
  static const auto rules = [] {
    loading::Problems problems;
    const auto path =
        std::filesystem::path(TCPROOF_SOURCE_DIR) / "specs" / "tcp" / "state-table.yaml";
    const auto table =
        loading::read_state_table(loading::read_yaml(path, "state-table", problems), problems);
    EXPECT_TRUE(problems.empty());
    return loading::make_state_rules(table);
  }();
  return rules;
}

}  // namespace tcproof::checks
