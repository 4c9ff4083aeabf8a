// SPDX-License-Identifier: Apache-2.0
#include "generator/backends/ring.h"

#include <array>

namespace tcproof::generator {
namespace {

constexpr std::size_t batch_size = 64;

class Ring : public Backend {
 public:
  Ring(std::span<const CompiledStream> streams, FrameSink& sink, bool stamped)
      : streams_(streams), sink_(sink), stamped_(stamped) {
    for (const CompiledStream& stream : streams) rings_.emplace_back(stream, batch_size);
  }

  std::uint64_t batch() const override { return batch_size; }

  tl::expected<std::uint64_t, OsError> send(std::size_t stream, std::uint64_t first,
                                            std::uint64_t count) override {
    const CompiledStream& from = streams_[stream];
    SlotRing& ring = rings_[stream];
    std::uint64_t stamp = 0;
    if (stamped_) {
      stamp = static_cast<std::uint64_t>(link::wall_clock().time_since_epoch().count());
    }
    for (std::size_t i = 0; i < count; ++i) {
      CompiledStream::Slot& slot = ring[i];
      from.write(first + i, stamp, slot);
      frames_[i] = wire::Bytes(slot.octets, slot.size);
    }
    sink_.take(stream, first, std::span<const wire::Bytes>(frames_).first(count));
    return count;
  }

 private:
  std::span<const CompiledStream> streams_;
  FrameSink& sink_;
  bool stamped_;
  std::vector<SlotRing> rings_;
  std::array<wire::Bytes, batch_size> frames_;
};

}  // namespace

std::unique_ptr<Backend> make_ring(std::span<const CompiledStream> streams, FrameSink& sink,
                                   bool stamped) {
  return std::make_unique<Ring>(streams, sink, stamped);
}

}  // namespace tcproof::generator
