// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <utility>

#include "stack/ip/interface.h"
#include "stack/ip/rules.h"
#include "stack/wire/ethernet.h"

namespace tcproof::ip {

/// Frames that wait for the link address of their next hop. RFC 1122 2.3.2.2 and RFC 4861 7.2.2 ask
/// for at least the latest packet; room for the fragments of a full datagram keeps it whole.
class PendingFrames {
 public:
  static constexpr std::size_t max_frames = 48;

  bool empty() const { return frames_.empty(); }
  void push(FrameSink& sink, wire::Bytes frame) {
    if (frames_.size() == max_frames) {
      frames_.pop_front();
      sink.trace(rule::ip_too_many_wait_for_a_link_address);
    }
    frames_.emplace_back(frame.begin(), frame.end());
  }
  void send_all(FrameSink& sink, const wire::MacAddress& dst) {
    for (wire::Buffer& frame : std::exchange(frames_, {})) {
      wire::put_mac(frame, 0, dst);
      sink.frame(frame);
    }
  }
  void give_up(FrameSink& sink, Instant now) {
    for (const wire::Buffer& frame : std::exchange(frames_, {}))
      sink.unresolved(wire::Bytes(frame).subspan(wire::EthernetHeader::size), now);
  }

 private:
  std::deque<wire::Buffer> frames_;
};

}  // namespace tcproof::ip
