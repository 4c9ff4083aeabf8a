// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "checks/case.h"
#include "harness/case/yaml.h"

namespace tcproof::harness::loading {

/// A verb and the modifiers it takes, in the order of the language's table.
struct StepKeys {
  checks::Step::Verb verb;
  std::string_view name;
  std::span<const std::string_view> modifiers;
};

const StepKeys* find_verb(std::string_view name);
/// The keys of one step: one verb, first, then modifiers that go with it. Null: there is nothing to
/// read.
const StepKeys* check_step_keys(const Node& step, Problems& problems);

}  // namespace tcproof::harness::loading
