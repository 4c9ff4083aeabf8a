// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "harness/targets/target.h"

namespace tcproof::harness {

/// The embedded reference stack: needs nothing and can always run. A feature that it can do without
/// is off unless the profile declares it.
std::unique_ptr<Target> make_reference_target(const Profile& profile);
/// As --target asks for it. `rest` is what follows its name there: ",profile=FILE" for another
/// profile than the shipped one, ",FEATURE=off" for each feature that the profile shall not have.
Loaded<std::unique_ptr<Target>> make_reference_target(const std::string& name,
                                                      const std::string& rest,
                                                      const Library& library);

}  // namespace tcproof::harness
