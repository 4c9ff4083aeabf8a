// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "generator/backend.h"

namespace tcproof::generator {

/// Many packets of a stream handed over as one large one, which the kernel cuts (the virtio header
/// of a packet socket; segmentation offload of the device is off). Rootless. `streams` outlives the
/// backend; each passes segments_refusal().
tl::expected<std::unique_ptr<Backend>, OsError> make_segments(
    const std::string& interface, std::span<const CompiledStream> streams);

/// Why a stream cannot be sent so: the kernel only counts the IPv4 id and the TCP sequence number
/// up, and makes all checksums right. Empty if it can.
std::string segments_refusal(const CompiledStream& stream);

}  // namespace tcproof::generator
