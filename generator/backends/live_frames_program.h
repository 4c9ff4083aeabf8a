// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "generator/bpf/assembler.h"
#include "generator/template.h"

namespace tcproof::generator {

/// The program that makes packet k of a frame: the patch list as instructions. `counter` is a map
/// whose one value is k, counted up by every packet; `lists[i]` holds the values of patch i if they
/// come from a list. The packet leaves by interface `interface_index`.
std::vector<bpf_insn> live_frames_program(const CompiledStream& stream, int counter,
                                          std::span<const int> lists, unsigned interface_index);

}  // namespace tcproof::generator
