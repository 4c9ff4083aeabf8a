// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace tcproof::wire {

/// RFC 6335 6: the ports that nobody registers, up to 65535. Ephemeral ones are taken from them.
inline constexpr std::uint16_t first_dynamic_port = 49152, dynamic_ports = 16384;

}  // namespace tcproof::wire
