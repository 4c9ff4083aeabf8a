// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace tcproof::harness {

/// A file of a skeleton, below the folder that is made.
struct SkeletonFile {
  std::string_view name, text;
};

/// What `tcproof init plugin` writes: a stack that answers ARP and nothing else, its build, its
/// profile.
std::span<const SkeletonFile> plugin_skeleton();

}  // namespace tcproof::harness
