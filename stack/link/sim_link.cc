// SPDX-License-Identifier: Apache-2.0
#include "stack/link/sim_link.h"

#include <algorithm>
#include <utility>

namespace tcproof::link {
namespace {

constexpr std::size_t ethernet_header = 14;

Duration time_to_send(std::size_t octets, std::uint64_t rate) {
  if (rate == 0) return {};
  const std::uint64_t bits = std::uint64_t{octets} * 8;
  return Duration(static_cast<Duration::rep>(bits * 1'000'000'000U / rate));
}

}  // namespace

class SimLink::End : public Link {
 public:
  End(Simulator& simulator, std::size_t mtu, Direction direction)
      : simulator_(simulator), mtu_(mtu), direction_(direction) {}

  void join(const std::shared_ptr<End>& peer) { peer_ = peer; }

  void send(wire::Bytes frame) override {
    if (frame.size() > mtu_ + ethernet_header) return;
    const Instant start = std::max(simulator_.now(), idle_at_);
    idle_at_ = start + time_to_send(frame.size(), direction_.rate);
    // The event holds its end weakly: a link may be gone before its last frames are due.
    simulator_.schedule(idle_at_ + direction_.delay,
                        [peer = peer_, octets = wire::Buffer(frame.begin(), frame.end())] {
                          if (const auto end = peer.lock(); end && end->receiver_)
                            end->receiver_(octets);
                        });
  }
  void on_receive(Receiver receiver) override { receiver_ = std::move(receiver); }
  std::size_t mtu() const override { return mtu_; }

 private:
  Simulator& simulator_;
  std::size_t mtu_;
  Direction direction_;
  Instant idle_at_{};
  std::weak_ptr<End> peer_;
  Receiver receiver_;
};

SimLink::SimLink(Simulator& simulator, std::size_t mtu, Direction forward, Direction back)
    : a_(std::make_shared<End>(simulator, mtu, forward)),
      b_(std::make_shared<End>(simulator, mtu, back)) {
  a_->join(b_);
  b_->join(a_);
}

SimLink::~SimLink() = default;

Link& SimLink::a() {
  return *a_;
}

Link& SimLink::b() {
  return *b_;
}

}  // namespace tcproof::link
