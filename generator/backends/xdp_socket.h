// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "generator/backend.h"

namespace tcproof::generator {

/// Every packet made in memory that the kernel maps (AF_XDP in copy mode) and handed over by a
/// number in a ring: less is looked at and copied than in sendmmsg(2). Rootless, for every stream
/// whose frames fit a page. Sends from queue `queue` of `interface`, which nobody else may use so,
/// in the calling thread's network namespace. `streams` outlives the backend.
tl::expected<std::unique_ptr<Backend>, OsError> make_xdp_socket(
    const std::string& interface, std::uint32_t queue, std::span<const CompiledStream> streams);

/// Why a stream cannot be sent so; empty if it can.
std::string xdp_socket_refusal(const CompiledStream& stream);

/// Why `threads` threads, each with a queue of its own, cannot send so on `interface`, found by
/// trying; empty if they can.
std::string xdp_socket_refusal(const std::string& interface, unsigned threads);

}  // namespace tcproof::generator
