// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "stack/link/link.h"
#include "stack/link/random.h"
#include "stack/link/simulator.h"

namespace tcproof::link {

/// What goes wrong with frames on their way out. Probabilities are 0 to 1, each drawn on its own.
struct Faults {
  double loss = 0;
  double duplicate = 0;
  double reorder = 0;  // the frame waits until the next one has passed it, or for reorder_hold
  double corrupt = 0;  // one bit behind the Ethernet header is flipped
  Duration jitter{};   // an extra delay of 0 .. jitter, so frames may overtake each other
  Duration reorder_hold = 10ms;
};

/// Wraps a link and spoils what is sent through it; what is received passes untouched. The same
/// seed and the same frames give the same faults.
class FaultLink : public Link {
 public:
  /// `simulator` and `inner` outlive this link.
  FaultLink(Simulator& simulator, Link& inner, const Faults& faults, std::uint64_t seed);
  ~FaultLink() override;

  void send(wire::Bytes frame) override;
  void on_receive(Receiver receiver) override;
  std::size_t mtu() const override;

 private:
  struct Held;
  void send_copy(wire::Buffer frame);
  void release_held();

  Simulator& simulator_;
  Link& inner_;
  Faults faults_;
  Random random_;
  std::shared_ptr<Held> held_;
};

}  // namespace tcproof::link
