// SPDX-License-Identifier: Apache-2.0
#include "stack/link/fault_link.h"

#include <optional>
#include <utility>

namespace tcproof::link {
namespace {

constexpr std::size_t ethernet_header = 14;

}  // namespace

/// The frame that waits to be overtaken. Events hold it weakly, so they do nothing once the link is
/// gone.
struct FaultLink::Held {
  std::optional<wire::Buffer> frame;
  std::uint64_t number = 0;
};

FaultLink::FaultLink(Simulator& simulator, Link& inner, const Faults& faults, std::uint64_t seed)
    : simulator_(simulator),
      inner_(inner),
      faults_(faults),
      random_(seed),
      held_(std::make_shared<Held>()) {}

FaultLink::~FaultLink() = default;

void FaultLink::on_receive(Receiver receiver) {
  inner_.on_receive(std::move(receiver));
}

std::size_t FaultLink::mtu() const {
  return inner_.mtu();
}

void FaultLink::send(wire::Bytes frame) {
  // Every draw happens for every frame: a fault that is switched off does not shift the others'
  // numbers.
  const bool lost = random_.chance(faults_.loss);
  const bool doubled = random_.chance(faults_.duplicate);
  const bool reordered = random_.chance(faults_.reorder);
  const bool corrupted = random_.chance(faults_.corrupt);
  const std::uint64_t bit = random_.next();
  if (lost) return;
  wire::Buffer octets(frame.begin(), frame.end());
  if (corrupted && octets.size() > ethernet_header) {
    const std::size_t at = ethernet_header + (bit >> 3) % (octets.size() - ethernet_header);
    octets[at] = static_cast<std::uint8_t>(octets[at] ^ 1U << (bit & 7));
  }
  if (doubled) send_copy(octets);
  if (reordered && !held_->frame) {
    held_->frame = std::move(octets);
    const std::uint64_t number = ++held_->number;
    simulator_.schedule(simulator_.now() + faults_.reorder_hold,
                        [this, number, held = std::weak_ptr<Held>(held_)] {
                          const auto waiting = held.lock();
                          if (waiting && waiting->number == number) release_held();
                        });
    return;
  }
  send_copy(std::move(octets));
  release_held();
}

void FaultLink::release_held() {
  if (!held_->frame) return;
  const wire::Buffer frame = std::move(*held_->frame);
  held_->frame.reset();
  send_copy(frame);
}

void FaultLink::send_copy(wire::Buffer frame) {
  if (faults_.jitter <= Duration::zero()) {
    inner_.send(frame);
    return;
  }
  const Duration extra(static_cast<Duration::rep>(
      random_.below(static_cast<std::uint64_t>(faults_.jitter.count()) + 1)));
  simulator_.schedule(simulator_.now() + extra,
                      [this, octets = std::move(frame), alive = std::weak_ptr<Held>(held_)] {
                        if (!alive.expired()) inner_.send(octets);
                      });
}

}  // namespace tcproof::link
