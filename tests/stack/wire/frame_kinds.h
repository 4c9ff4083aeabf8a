// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "stack/wire/frame.h"

namespace tcproof::wire::test {

/// A frame of every kind that tcproof builds, under the name that it has in golden/frames.txt.
/// Only what is no default is set.
struct FrameKind {
  std::string name;
  FrameSpec frame;
};
std::vector<FrameKind> frame_kinds();

}  // namespace tcproof::wire::test
