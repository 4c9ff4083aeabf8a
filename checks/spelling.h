// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tcproof::checks {

/// How many letters must be added, dropped or exchanged to make `b` of `a`; case counts half a
/// letter less than another letter does, so distances are in halves: "sackok" and "sackOK" are 2
/// apart.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The one of `known` that is most like `word`; empty if none is near enough to be meant.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

/// "did you mean 'x'?", or `otherwise` if nothing is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known,
                         std::string otherwise = {});

}  // namespace tcproof::checks
