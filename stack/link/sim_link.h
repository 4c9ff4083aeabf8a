// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "stack/link/link.h"
#include "stack/link/simulator.h"

namespace tcproof::link {

/// What one direction of a simulated cable is like.
struct Direction {
  Duration delay{};        // from the last bit sent to the arrival
  std::uint64_t rate = 0;  // bits per second; 0: sending takes no time
};

/// A full-duplex cable with two ends in virtual time. Frames of one direction arrive in the order
/// sent; without delay and rate in the same instant, yet always by an event, never inside send(). A
/// frame longer than the MTU is dropped.
class SimLink {
 public:
  /// `simulator` outlives the link. `forward` is what end a sends, `back` what end b sends.
  SimLink(Simulator& simulator, std::size_t mtu, Direction forward = {}, Direction back = {});
  ~SimLink();

  Link& a();
  Link& b();

 private:
  class End;
  std::shared_ptr<End> a_, b_;
};

}  // namespace tcproof::link
