// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "stack/wire/address.h"

namespace tcproof::ip {

/// For the small tables of neighbours and fragments. All of them are bounded, so a crafted
/// collision costs one short walk.
struct AddressHash {
  std::size_t operator()(const wire::IpAddress& address) const {
    std::uint64_t h = 0xcbf29ce484222325U;
    for (const std::uint8_t octet : address.octets) h = (h ^ octet) * 0x100000001b3U;
    return static_cast<std::size_t>(h ^ h >> 32);
  }
};

}  // namespace tcproof::ip
