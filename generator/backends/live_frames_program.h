// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "generator/bpf/assembler.h"
#include "generator/template.h"

namespace tcproof::generator {

/// What the program has to know before packet `k`, as it counts it up from packet to packet itself:
/// a division for each field of each packet would take a third of its time. The first number is k.
std::vector<std::uint64_t> live_frames_state(const CompiledStream& stream, std::uint64_t k);

/// The program that makes packet k of a frame: the patch list as instructions. `state` is a map
/// whose one value is live_frames_state() of k, and of k + 1 when the packet is made; `lists[i]`
/// holds the values of patch i if they come from a list. The packet leaves by the
/// interface in the map `device`.
std::vector<bpf_insn> live_frames_program(const CompiledStream& stream, int state,
                                          std::span<const int> lists, int device);

}  // namespace tcproof::generator
