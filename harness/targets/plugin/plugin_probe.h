// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/case/diagnostic.h"

namespace tcproof::harness {

/// What a plugin says of itself, as text.
struct PluginFacts {
  std::string name, version;
  /// The state report, features and values in the form of a profile (docs/case-language.md 10).
  std::string profile;
};

/// Loads the plugin in a process of its own, so that one which crashes or hangs while it is loaded
/// harms nobody. No other thread may exist.
Tried<PluginFacts> probe_plugin(const std::string& path);

}  // namespace tcproof::harness
