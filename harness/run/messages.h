// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "harness/case/diagnostic.h"
#include "stack/wire/bytes.h"

namespace tcproof::harness {

/// What the parent tells a worker: run case `index`, beside others or alone.
struct Assignment {
  std::uint32_t index = 0;
  std::uint32_t alone = 0;
};

/// What a worker tells its parent. All of it is one stream of octets: header, body.
struct Message {
  enum class Kind : std::uint32_t {
    trace,        // the case is over; body: Trace::serialize()
    partial,      // the worker is about to die in this case; body: the trace so far
    refused,      // no bench for this case; body: an EnvironmentError
    unavailable,  // the target cannot run here at all; body: an EnvironmentError
    died,         // a foreign stack's process ended in the case; body: why, a zero octet, the trace
    ready,        // the target is prepared; `index`: how many attempts may be alive at once
  } kind = Kind::trace;
  std::uint32_t index = 0;
  wire::Buffer body;
};

wire::Buffer pack(const EnvironmentError& error);
EnvironmentError unpack_error(wire::Bytes body);

/// The sending side: gathers messages so that many cases cost one system call.
class Outbox {
 public:
  /// The socket stays the caller's.
  explicit Outbox(int descriptor) : descriptor_(descriptor) {}
  void add(Message::Kind kind, std::uint32_t index, wire::Bytes body);
  /// Blocks until all is written. False if the other side is gone.
  bool flush();
  std::size_t size() const { return waiting_.size(); }

 private:
  int descriptor_;
  wire::Buffer waiting_;
  // Of them: last words may begin while a flush is under way, and go on where it was.
  std::size_t sent_ = 0;
};

/// The receiving side: octets in, messages out.
class Inbox {
 public:
  void add(wire::Bytes octets);
  /// The next whole message; empty: more octets are needed.
  std::optional<Message> next();

 private:
  wire::Buffer octets_;
  std::size_t read_ = 0;
};

}  // namespace tcproof::harness
