// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "stack/wire/address.h"

namespace tcproof::ip {

/// For the small tables of neighbours and fragments. All of them are bounded, so a crafted
/// collision costs one short walk.
struct AddressHash {
  std::size_t operator()(const wire::IpAddress& address) const {
    const auto [high, low] = std::bit_cast<std::array<std::uint64_t, 2>>(address.octets);
    const std::uint64_t h = (high ^ std::rotl(low, 29)) * 0x9e3779b97f4a7c15U;
    return static_cast<std::size_t>(h ^ h >> 32);
  }
};

}  // namespace tcproof::ip
