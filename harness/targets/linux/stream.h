// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "checks/case.h"
#include "harness/topology/netns.h"
#include "stack/wire/bytes.h"

namespace tcproof::harness {

/// The user's side of one TCP connection: RFC 9293 3.9.1's calls on a non-blocking socket. What the
/// socket does not take yet waits here, in order, the FIN of a CLOSE included.
class Stream {
 public:
  explicit Stream(UniqueFd socket) : socket_(std::move(socket)) {}

  int descriptor() const { return socket_.get(); }

  /// Octets given to SEND so far: the next one of the stream is this plus 1.
  std::uint64_t given() const { return given_; }
  checks::Outcome send(wire::Buffer octets, bool urgent);

  struct Received {
    checks::Outcome outcome;
    wire::Buffer octets;
  };
  /// `count` octets, or with `all` everything up to the end; empty: not yet.
  std::optional<Received> receive(std::size_t count, bool all);
  /// What a RECEIVE that waits has got so far.
  wire::Buffer take_read() { return std::exchange(received_, {}); }

  /// No more octets follow: a FIN once all that was given is sent. The socket stays, so that
  /// RECEIVE and FIN-WAIT-2 go on for as long as RFC 9293 lets them.
  checks::Outcome close();
  checks::Outcome shutdown(checks::Call::Shutdown what);
  /// Sends a RST where RFC 9293 3.10.5 wants one; the descriptor is gone.
  void abort();

  /// Goes on with what waits.
  void flush();
  /// The error that ended the connection, if one did.
  std::optional<checks::Outcome> ended();
  /// A STATUS with a subject.
  std::optional<std::int64_t> number(checks::Call::Status subject, wire::Family family);

 private:
  struct Chunk {
    wire::Buffer octets;
    std::size_t sent = 0;
    bool urgent = false;
  };
  void note_error(int number);
  void read(std::size_t up_to);

  UniqueFd socket_;
  std::deque<Chunk> outbox_;
  std::uint64_t given_ = 0;
  bool fin_wanted_ = false, fin_sent_ = false;
  wire::Buffer received_;
  bool end_of_data_ = false;
  std::optional<checks::Outcome> ended_;
};

}  // namespace tcproof::harness
