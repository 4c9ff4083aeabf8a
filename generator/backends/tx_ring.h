// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "generator/backend.h"

namespace tcproof::generator {

/// Every packet made in a slot of a ring that the kernel maps (PACKET_TX_RING of a packet socket),
/// and handed over with one send(2) a batch: the kernel imports no message for a frame, as it does
/// in sendmmsg(2). Rootless, on every kind of interface, for streams that pass tx_ring_refusal().
/// What the kernel does not take stays with the caller; a frame is sent when the kernel took it.
/// Frames over the interface's MTU are refused here. `streams` outlives the backend.
tl::expected<std::unique_ptr<Backend>, OsError> make_tx_ring(
    const std::string& interface, std::span<const CompiledStream> streams);

/// Why a stream cannot be sent so; empty if it can.
std::string tx_ring_refusal(const CompiledStream& stream);

/// Why such a ring cannot be had on `interface`, found by trying; empty if it can.
std::string tx_ring_refusal(const std::string& interface);

}  // namespace tcproof::generator
