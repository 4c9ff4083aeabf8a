// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

#include "stack/wire/bytes.h"

namespace tcproof::link {

/// Where Ethernet frames go out and come in: simulated, faulty or real, each implements or wraps
/// this.
class Link {
 public:
  /// The octets are valid during the call only.
  using Receiver = std::function<void(wire::Bytes frame)>;

  virtual ~Link() = default;
  /// Hands one frame over. A link may lose it without a word, as a cable does.
  virtual void send(wire::Bytes frame) = 0;
  /// Who gets what arrives. Replaces the receiver before; empty: nobody, frames are dropped.
  virtual void on_receive(Receiver receiver) = 0;
  /// The longest payload of a frame in octets, Ethernet header excluded.
  virtual std::size_t mtu() const = 0;
};

}  // namespace tcproof::link
