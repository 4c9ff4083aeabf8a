// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "stack/wire/bytes.h"
#include "stack/wire/time.h"

namespace tcproof::link {

/// A refused system call: what was tried and its errno.
struct OsError {
  std::string step;
  int number = 0;
};

/// Closes descriptors on threads of its own. Closing a packet socket waits for the kernel's readers
/// (10 to 15 ms each), which nobody who is measuring time may do. Several threads share one wait.
class Reaper {
 public:
  /// Starts its threads: after any fork() and after a user namespace was entered, never before.
  Reaper();
  /// Closes what is left and joins.
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  /// Takes ownership of `descriptor`.
  void close_later(int descriptor);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whole Ethernet frames in and out of one interface, with the kernel's receive time.
class PacketSocket {
 public:
  struct Options {
    /// Frames that this machine itself puts on the interface are seen too, but never those sent
    /// through this very socket.
    bool outgoing = false;
    int receive_buffer = 4 << 20;  // octets asked for; an ordinary user may get less
  };
  struct Frame {
    wire::Bytes octets;     // until the next receive()
    Instant at;             // CLOCK_REALTIME, when the interface took it
    bool outgoing = false;  // this machine put it there
  };

  /// Binds to `interface` in the calling thread's network namespace, where the socket stays.
  /// `reaper` outlives it. Needs CAP_NET_RAW there.
  static tl::expected<PacketSocket, OsError> open(const std::string& interface,
                                                  const Options& options, Reaper& reaper);
  PacketSocket(PacketSocket&& other) noexcept;
  PacketSocket& operator=(PacketSocket&&) = delete;
  ~PacketSocket();

  int descriptor() const { return descriptor_; }
  /// 0, or the errno that refused the frame. Never blocks.
  int send(wire::Bytes octets);
  /// The next frame that waits, if any.
  bool receive(Frame& frame);
  /// How many frames the kernel dropped for want of buffer since the last call.
  unsigned dropped();

 private:
  PacketSocket(int descriptor, int interface_index, Reaper& reaper);

  int descriptor_;
  int interface_index_;
  Reaper* reaper_;
  std::vector<std::uint8_t> buffer_;
};

/// CLOCK_REALTIME: the clock that frames are stamped with.
Instant wall_clock();

}  // namespace tcproof::link
