// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "generator/backends/live_frames.h"
#include "generator/backends/segments.h"
#include "generator/engine.h"
#include "generator/receivers/xdp.h"
#include "harness/traffic/session.h"

namespace tcproof::harness {
namespace {

using generator::CompiledStream;
using Streams = std::span<const CompiledStream>;

tl::unexpected<Diagnostics> refuse(std::string message, std::string cure = {}) {
  return tl::unexpected(
      Diagnostics{Diagnostic{.message = std::move(message), .cure = std::move(cure)}});
}

/// Why not all of the streams can be sent that way; empty if they can.
template <class Check>
std::string first_refusal(Streams streams, Check check) {
  for (const CompiledStream& stream : streams) {
    const std::string why = check(stream);
    if (!why.empty()) return fmt::format("stream '{}' {}", stream.stream().name, why);
  }
  return {};
}

/// Batches are what makes the fast ways fast: a paced stream has none.
std::string no_batches(const CompiledStream& stream) {
  const bool paced =
      stream.stream().schedule.kind != generator::Schedule::Kind::as_fast_as_possible;
  return paced ? "is paced" : "";
}

std::string live_refusal(Streams streams, const Ends& ends) {
  std::string why = first_refusal(streams, no_batches);
  if (why.empty()) why = first_refusal(streams, generator::live_frames_refusal);
  if (!why.empty()) return why;
  if (!ends.own()) return "the receiving end of an interface that is not ours may take none";
  return generator::bpf_refusal();
}

std::string segments_refusal(Streams streams, const Ends& ends) {
  std::string why = first_refusal(streams, no_batches);
  if (why.empty()) why = first_refusal(streams, generator::segments_refusal);
  if (!why.empty() || ends.own() || !ends.segmentation_offload()) return why;
  return fmt::format("{0} takes large packets whole (ethtool -K {0} gso off tso off)",
                     ends.sender());
}

bool is_worth_live_frames(Streams streams) {
  return std::all_of(streams.begin(), streams.end(), [](const CompiledStream& stream) {
    return generator::packets_of(stream) >= generator::live_frames_batch;
  });
}

}  // namespace

std::string bpf_trouble() {
  return generator::bpf_refusal();
}

Loaded<Choice> choose(Streams streams, const SessionOptions& options, const Ends& ends) {
  Choice choice;
  const std::string not_live = live_refusal(streams, ends);
  const std::string not_segments = segments_refusal(streams, ends);
  switch (options.backend) {
    case BackendKind::sendmmsg: choice.why = "asked for"; break;
    case BackendKind::segments:
      if (!not_segments.empty()) return refuse("segments: " + not_segments);
      choice.backend = BackendKind::segments;
      choice.why = "asked for";
      break;
    case BackendKind::live_frames:
      if (!not_live.empty()) return refuse("live-frames: " + not_live);
      choice.backend = BackendKind::live_frames;
      choice.why = "asked for";
      break;
    case BackendKind::automatic:
      if (not_live.empty() && is_worth_live_frames(streams)) {
        choice.backend = BackendKind::live_frames;
        choice.why = "the fastest";
      } else if (not_segments.empty()) {
        choice.backend = BackendKind::segments;
        choice.why = not_live.empty() ? "live-frames: below a million packets a stream"
                                      : "live-frames: " + not_live;
      } else {
        choice.why = fmt::format("segments: {}", not_segments);
      }
      break;
  }
  choice.receiver = options.receiver;
  const bool live = choice.backend == BackendKind::live_frames;
  if (choice.receiver == ReceiverKind::automatic) {
    choice.receiver = live ? ReceiverKind::xdp : ReceiverKind::ring;
  }
  if (live && choice.receiver != ReceiverKind::xdp) {
    return refuse("live-frames: the receiving end takes them only with an XDP program",
                  "leave out --receiver, or say xdp");
  }
  if (choice.receiver == ReceiverKind::xdp) {
    const std::string why = generator::xdp_refusal(streams);
    if (!why.empty()) return refuse("xdp: " + why, "--receiver ring looks at every frame");
    const std::string missing = generator::bpf_refusal();
    if (!missing.empty()) return refuse("xdp: " + missing);
  }
  if (ends.receiver().empty()) choice.receiver = ReceiverKind::none;
  return choice;
}

}  // namespace tcproof::harness
