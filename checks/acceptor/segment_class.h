// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "stack/wire/seq.h"
#include "stack/wire/tcp.h"

namespace tcproof::checks {

/// The numbers of a TCP that decide what a segment is to it (RFC 9293 3.3.1).
struct Numbers {
  wire::Seq rcv_nxt, snd_una, snd_nxt;
  std::uint32_t rcv_wnd = 0;
};

/// What RFC 9293 3.10.7 distinguishes in a segment. Two segments of one class are treated alike in
/// every state.
struct SegmentClass {
  enum class Place : std::uint8_t { left, across_left, first, inside, across_right, right };
  enum class Ack : std::uint8_t { absent, old, una, within, nxt, future };

  bool syn = false, fin = false, rst = false;
  bool text = false;
  Place place = Place::first;
  Ack ack = Ack::absent;

  bool operator==(const SegmentClass&) const = default;
};

/// `octets` of text; SYN and FIN count besides. `ack` means nothing without the flag.
SegmentClass classify(wire::TcpFlags flags, wire::Seq seq, std::uint32_t octets, wire::Seq ack,
                      const Numbers& numbers);

}  // namespace tcproof::checks
