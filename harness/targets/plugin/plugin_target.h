// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "harness/targets/target.h"

namespace tcproof::harness {

/// `rest` is ":FILE.so[,key=value...]": the shared object of a stack (or the bare name of a plugin
/// that came with the program), and words that it is given.
/// `profile=FILE.yaml` among them is ours: the profile in place of the one called `name`, to which
/// the plugin's own features and values are added either way.
Loaded<std::unique_ptr<Target>> make_plugin_target(const std::string& name, const std::string& rest,
                                                   const Library& library);

/// The plugin called `name` that came with this program, with its profile; `rest` is
/// "[,key=value...]". An error if it was built without.
Loaded<std::unique_ptr<Target>> make_shipped_plugin(const std::string& name,
                                                    const std::string& rest,
                                                    const Library& library);

}  // namespace tcproof::harness
