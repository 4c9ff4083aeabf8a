// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "generator/profile.h"
#include "generator/template.h"
#include "harness/case/diagnostic.h"

namespace tcproof::harness {

/// The two ends that a stream has unless it says otherwise: those of `tcproof gen`'s own pair.
struct TrafficEnds {
  wire::MacAddress sender_mac{{0x02, 0, 0, 0, 0, 0x01}};
  wire::MacAddress receiver_mac{{0x02, 0, 0, 0, 0, 0x02}};
};

/// Reads a traffic profile (docs/generator.md), strictly. What cannot be sent is found here too:
/// every stream was compiled once. `shown` is the file's name in messages.
Loaded<generator::Profile> read_traffic_profile(const std::filesystem::path& path,
                                                const std::string& shown);
/// The same for a text; files that it names are looked for in `folder`.
Loaded<generator::Profile> parse_traffic_profile(const std::string& shown, std::string text,
                                                 const std::filesystem::path& folder);

}  // namespace tcproof::harness
