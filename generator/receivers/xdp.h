// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "generator/receiver.h"

namespace tcproof::generator {

/// An XDP program at `interface`, in the calling thread's network namespace, that counts frames and
/// octets of each stream and drops them: as fast as frames can come. Needs privileges of the whole
/// machine. Each stream passes xdp_refusal().
tl::expected<std::unique_ptr<Receiver>, OsError> make_xdp_receiver(
    const std::string& interface, std::span<const CompiledStream> streams);

/// Why these streams cannot be told apart so: a single one can, several must all be signed with as
/// many octets before the signature. Empty if they can.
std::string xdp_refusal(std::span<const CompiledStream> streams);

}  // namespace tcproof::generator
