// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "generator/backend.h"
#include "generator/bpf/assembler.h"

namespace tcproof::generator {

/// A call tears down its pages at the end, which takes milliseconds: so many packets make that not
/// count.
inline constexpr std::uint64_t live_frames_batch = std::uint64_t{1} << 20;

/// The kernel repeats a frame a million times a call and lets a BPF program edit each copy
/// (BPF_PROG_TEST_RUN with BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18). Needs privileges of the whole
/// machine, and a receiving end with an XDP program. send() is called in the network namespace of
/// `interface`. `idle`, if not empty, is another interface there, on which nobody sends and which is
/// the caller's own: a program is attached to it for as long as the backend lives, for speed.
/// `streams` outlives the backend; each passes live_frames_refusal().
tl::expected<std::unique_ptr<Backend>, OsError> make_live_frames(
    const std::string& interface, const std::string& idle, std::span<const CompiledStream> streams);

/// Why a stream cannot be sent so; empty if it can.
std::string live_frames_refusal(const CompiledStream& stream);

/// Why this process cannot load BPF programs; empty if it can.
std::string bpf_refusal();

}  // namespace tcproof::generator
