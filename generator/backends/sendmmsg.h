// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "generator/backend.h"

namespace tcproof::generator {

/// A packet socket that only sends: bound to `interface` in the calling thread's network namespace.
/// `vnet_header`: each frame comes with a virtio header in front of it.
tl::expected<int, OsError> open_sender(const std::string& interface, bool vnet_header);

/// Every packet made in memory and handed over with sendmmsg(2): works everywhere a packet socket
/// does, for every stream. `streams` outlives the backend.
tl::expected<std::unique_ptr<Backend>, OsError> make_sendmmsg(
    const std::string& interface, std::span<const CompiledStream> streams);

}  // namespace tcproof::generator
