// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tcproof::checks {

/// Letters to insert, remove, replace or swap with their neighbour to make `b` of `a`.
std::size_t edit_distance(std::string_view a, std::string_view b);
/// The candidate that `word` was probably meant to be; empty if none is near. Of several equally
/// near ones it is the one with the longest common beginning, then the first.
std::string nearest(std::string_view word, std::span<const std::string_view> candidates);
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
/// "did you mean 'expect'?", else `otherwise`.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates,
                         std::string otherwise = {});

}  // namespace tcproof::checks
