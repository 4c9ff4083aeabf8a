// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "stack/wire/bytes.h"

namespace tcproof::harness {

/// Cuts an IPv4 packet into pieces of at most `mtu` octets, each a whole packet (RFC 791 3.2).
/// Options without the copied flag stay with the first piece. `packet` has a valid header and may
/// be a piece itself. Empty if not even eight octets fit beside the header.
std::vector<wire::Buffer> fragment_ipv4(wire::Bytes packet, std::uint32_t mtu);

}  // namespace tcproof::harness
