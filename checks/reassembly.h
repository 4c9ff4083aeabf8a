// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "checks/network.h"
#include "stack/wire/frame.h"

namespace tcproof::checks {

/// Puts fragmented packets together, for the observer of a link. Nothing times out: a trace is
/// short, and a packet that stays incomplete is something to report.
class Reassembly {
 public:
  struct Whole {
    wire::FrameSpec frame;                    // as if it had never been cut
    std::vector<wire::FragmentPiece> pieces;  // as they came, without their octets
  };
  /// Takes one piece; the packet once all of its octets are there. Where pieces overlap the first
  /// one counts.
  std::optional<Whole> add(LinkId link, const wire::FrameSpec& piece);

  /// Pieces of packets that `from` sent on `link` and that never became whole.
  std::size_t incomplete(LinkId link, const wire::MacAddress& from) const;

 private:
  struct Packet {
    LinkId link = 0;
    wire::FrameSpec first;  // the first piece seen, then the one of offset 0
    std::vector<wire::FragmentPiece> pieces;
    std::optional<std::size_t> size;
  };
  Packet& packet_of(LinkId link, const wire::FrameSpec& piece);

  std::vector<Packet> packets_;
};

}  // namespace tcproof::checks
