// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

namespace tcproof::harness {

/// The names that `congestion-control` takes in OPEN and SET; the option's value is the index.
inline constexpr std::array<std::string_view, 5> congestion_controls{"reno", "cubic", "bbr",
                                                                     "dctcp", "vegas"};

}  // namespace tcproof::harness
