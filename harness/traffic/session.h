// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "generator/receiver.h"
#include "generator/template.h"
#include "harness/case/diagnostic.h"
#include "harness/traffic/ends.h"

namespace tcproof::harness {

enum class BackendKind : std::uint8_t {
  automatic,
  sendmmsg,
  tx_ring,
  af_xdp,
  segments,
  live_frames
};
enum class ReceiverKind : std::uint8_t { automatic, ring, xdp, none };

struct SessionOptions {
  unsigned threads = 1;
  BackendKind backend = BackendKind::automatic;
  ReceiverKind receiver = ReceiverKind::automatic;
};

/// What was chosen, and why not something faster.
struct Choice {
  BackendKind backend = BackendKind::sendmmsg;
  ReceiverKind receiver = ReceiverKind::ring;
  std::string why;
};
std::string_view to_string(BackendKind kind);
std::string_view to_string(ReceiverKind kind);
/// An error if what was asked for cannot send these streams.
Loaded<Choice> choose(std::span<const generator::CompiledStream> streams,
                      const SessionOptions& options, const Ends& ends);

/// Why live frames and the XDP receiver do not work here; empty if they do.
std::string bpf_trouble();
/// Why AF_XDP sockets do not work at the sending end; empty if they do.
std::string af_xdp_trouble(const Ends& ends, unsigned threads);
/// Why the mapped ring of a packet socket does not work there; empty if it does.
std::string tx_ring_trouble(const Ends& ends);

/// One look at a run that goes on.
struct Sample {
  Duration at{};
  std::uint64_t sent = 0, received = 0;
  std::uint64_t latency_p50 = 0;  // ns so far, of the slowest stream; 0: not measured
};

struct SentStream {
  std::uint64_t packets = 0, octets = 0;
};

/// What became of a run. Sent is received (whole or corrupted, duplicates aside) and lost.
struct Outcome {
  Choice choice;
  Duration elapsed{};
  std::vector<SentStream> sent;
  std::optional<generator::Snapshot> received;  // empty without a receiver
  std::vector<Sample> series;
  struct Drop {
    std::string counter;
    std::uint64_t frames = 0;
  };
  std::vector<Drop> drops;
  bool interrupted = false;
  std::optional<EnvironmentError> failure;  // what ended it early
};

/// Sends `streams` and counts what arrives, until they are through, a signal or a failure ends it.
/// Blocks SIGINT and SIGTERM for its time and takes them for the wish to end. `watch` is called
/// some times a second from this thread.
Tried<Outcome> run_session(std::span<const generator::CompiledStream> streams, const Ends& ends,
                           const Choice& choice, unsigned threads,
                           const std::function<void(const Sample&)>& watch);

}  // namespace tcproof::harness
