// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace tcproof::generator {

/// struct virtio_net_hdr of virtio 1.2, 5.1.6. (<linux/virtio_net.h> has a member called class.)
struct VnetHeader {
  std::uint8_t flags = 0, gso_type = 0;
  std::uint16_t hdr_len = 0, gso_size = 0, csum_start = 0, csum_offset = 0;
};
static_assert(sizeof(VnetHeader) == 10);

}  // namespace tcproof::generator
