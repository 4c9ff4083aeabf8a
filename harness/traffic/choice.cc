// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "generator/backends/live_frames.h"
#include "generator/backends/segments.h"
#include "generator/backends/tx_ring.h"
#include "generator/backends/xdp_socket.h"
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

std::string af_xdp_refusal(Streams streams, const Ends& ends, unsigned threads) {
  const std::string why = first_refusal(
      streams, [](const CompiledStream& stream) { return generator::xdp_socket_refusal(stream); });
  return why.empty() ? af_xdp_trouble(ends, threads) : why;
}

std::string tx_ring_refusal(Streams streams, const Ends& ends) {
  const std::string why = first_refusal(
      streams, [](const CompiledStream& stream) { return generator::tx_ring_refusal(stream); });
  return why.empty() ? tx_ring_trouble(ends) : why;
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

std::string af_xdp_trouble(const Ends& ends, unsigned threads) {
  return ends.at_sender([&] { return generator::xdp_socket_refusal(ends.sender(), threads); });
}

std::string tx_ring_trouble(const Ends& ends) {
  return ends.at_sender([&] { return generator::tx_ring_refusal(ends.sender()); });
}

namespace {

/// The fastest way that can send all streams, and why not a faster one.
Choice fastest(Streams streams, const Ends& ends, unsigned threads) {
  const std::string not_live = live_refusal(streams, ends);
  if (not_live.empty() && is_worth_live_frames(streams)) {
    return {.backend = BackendKind::live_frames, .why = "the fastest"};
  }
  const std::string not_segments = segments_refusal(streams, ends);
  if (not_segments.empty()) {
    return {.backend = BackendKind::segments,
            .why = not_live.empty() ? "live-frames: below a million packets a stream"
                                    : "live-frames: " + not_live};
  }
  const std::string paced = first_refusal(streams, no_batches);
  if (!paced.empty()) return {.backend = BackendKind::sendmmsg, .why = "tx-ring: " + paced};
  const std::string not_sockets = af_xdp_refusal(streams, ends, threads);
  if (not_sockets.empty()) {
    return {.backend = BackendKind::af_xdp, .why = "segments: " + not_segments};
  }
  const std::string not_ring = tx_ring_refusal(streams, ends);
  if (not_ring.empty()) {
    return {.backend = BackendKind::tx_ring, .why = "af-xdp: " + not_sockets};
  }
  return {.backend = BackendKind::sendmmsg, .why = "tx-ring: " + not_ring};
}

/// What was asked for, or why it cannot send all streams.
Loaded<Choice> asked_for(Streams streams, const SessionOptions& options, const Ends& ends) {
  std::string why;
  switch (options.backend) {
    case BackendKind::automatic: return fastest(streams, ends, options.threads);
    case BackendKind::sendmmsg: break;
    case BackendKind::tx_ring: why = tx_ring_refusal(streams, ends); break;
    case BackendKind::af_xdp: why = af_xdp_refusal(streams, ends, options.threads); break;
    case BackendKind::segments: why = segments_refusal(streams, ends); break;
    case BackendKind::live_frames: why = live_refusal(streams, ends); break;
  }
  if (!why.empty()) return refuse(fmt::format("{}: {}", to_string(options.backend), why));
  return Choice{.backend = options.backend, .why = "asked for"};
}

}  // namespace

Loaded<Choice> choose(Streams streams, const SessionOptions& options, const Ends& ends) {
  auto asked = asked_for(streams, options, ends);
  if (!asked) return asked;
  Choice choice = std::move(*asked);
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
