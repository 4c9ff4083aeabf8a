// SPDX-License-Identifier: Apache-2.0
#include "generator/backends/tx_ring.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "generator/backends/sendmmsg.h"
#include "generator/backends/vnet_header.h"
#include "generator/fd.h"
#include "generator/mapping.h"

namespace tcproof::generator {
namespace {

constexpr std::uint32_t batch_size = 64;
/// Slots, unless their frames are large: several batches, and less than a processor's cache.
constexpr std::uint32_t most_slots = 256;
constexpr std::size_t room_for_slots = std::size_t{1} << 20;
/// The kernel allocates a ring in blocks of whole pages.
constexpr std::size_t smallest_block = std::size_t{1} << 16;
/// A virtio header says with 16 bits how much is to be copied.
constexpr std::uint32_t largest_frame = 65535;

/// In front of each frame: the slot's state, then the header that PACKET_VNET_HDR asks for.
constexpr std::size_t header_at = TPACKET_ALIGN(sizeof(tpacket2_hdr));
constexpr std::size_t frame_at_offset = header_at + sizeof(VnetHeader);

tl::unexpected<OsError> refused(std::string step) {
  return tl::unexpected(OsError{std::move(step), errno});
}

/// Memory that the socket shares with the kernel, cut into slots of a power of two, so that none
/// lies in two blocks.
struct MappedRing {
  Fd descriptor;
  Mapping memory;
  std::size_t slot = 0;
  std::uint32_t slots = 0;

  tpacket2_hdr& state(std::uint32_t i) const {
    return *reinterpret_cast<tpacket2_hdr*>(memory.octets() + i * slot);
  }
  std::uint32_t status(std::uint32_t i) const {
    return std::atomic_ref<std::uint32_t>(state(i).tp_status).load(std::memory_order_acquire);
  }
  void set_status(std::uint32_t i, std::uint32_t to) const {
    std::atomic_ref<std::uint32_t>(state(i).tp_status).store(to, std::memory_order_release);
  }
  std::uint32_t after(std::uint32_t i, std::uint32_t count) const { return (i + count) % slots; }
};

tl::expected<MappedRing, OsError> open_ring(const std::string& interface, std::uint32_t largest) {
  // With a virtio header the kernel copies as much of a frame as it says into the packet's own
  // memory: all of it, which is cheaper than pages of the ring that have to be copied again before
  // a veth pair passes them on, and leaves nothing in flight that still points to a slot.
  auto socket = open_sender(interface, true);
  if (!socket) return tl::unexpected(socket.error());
  MappedRing ring;
  ring.descriptor = Fd(*socket);
  ring.slot = std::bit_ceil(frame_at_offset + largest);
  ring.slots = static_cast<std::uint32_t>(
      std::clamp<std::size_t>(room_for_slots / ring.slot, batch_size, most_slots));
  const std::size_t size = ring.slot * ring.slots;
  const std::size_t block = std::min(std::max(ring.slot, smallest_block), size);
  const int version = TPACKET_V2;
  tpacket_req wanted{};
  wanted.tp_block_size = static_cast<unsigned>(block);
  wanted.tp_block_nr = static_cast<unsigned>(size / block);
  wanted.tp_frame_size = static_cast<unsigned>(ring.slot);
  wanted.tp_frame_nr = ring.slots;
  const int fd = ring.descriptor.get();
  if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0 ||
      setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &wanted, sizeof wanted) != 0) {
    return refused("get a ring of a packet socket for " + interface);
  }
  constexpr int access = PROT_READ | PROT_WRITE, kind = MAP_SHARED | MAP_POPULATE;
  ring.memory = Mapping(::mmap(nullptr, size, access, kind, fd, 0), size);
  if (!ring.memory.is_there()) return refused("map the ring of a packet socket");
  return ring;
}

/// With a virtio header the kernel no longer compares a frame with the MTU.
tl::expected<void, OsError> check_mtu(const Fd& socket, const std::string& interface,
                                      std::uint32_t largest) {
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(socket.get(), SIOCGIFMTU, &request) != 0) {
    return refused("find the MTU of " + interface);
  }
  if (largest <= static_cast<std::uint32_t>(request.ifr_mtu) + ETHER_HDR_LEN) return {};
  return tl::unexpected(OsError{fmt::format("send frames of {} octets over the MTU {} of {}",
                                            largest, request.ifr_mtu, interface),
                                EMSGSIZE});
}

class TxRing : public Backend {
 public:
  TxRing(MappedRing ring, std::span<const CompiledStream> streams)
      : ring_(std::move(ring)),
        streams_(streams),
        slots_(ring_.slots),
        holds_(ring_.slots, streams.size()) {
    for (std::uint32_t i = 0; i < ring_.slots; ++i) {
      slots_[i].octets = ring_.memory.octets() + i * ring_.slot + frame_at_offset;
    }
  }

  std::uint64_t batch() const override { return batch_size; }

  tl::expected<std::uint64_t, OsError> send(std::size_t stream, std::uint64_t first,
                                            std::uint64_t count) override {
    const auto stamp = static_cast<std::uint64_t>(link::wall_clock().time_since_epoch().count());
    std::uint32_t made = 0;
    for (; made < count; ++made) {
      const std::uint32_t at = ring_.after(next_, made);
      if (ring_.status(at) != TP_STATUS_AVAILABLE) break;  // on its way still
      CompiledStream::Slot& slot = slot_for(stream, at);
      const std::uint32_t described = slot.size;
      streams_[stream].write(first + made, stamp, slot);
      if (slot.size != described) describe(at, slot.size);
      ring_.set_status(at, TP_STATUS_SEND_REQUEST);
    }
    if (made != 0) return hand_over(made);
    wait_for_room();
    return std::uint64_t{0};
  }

 private:
  /// A slot keeps its stream's octets, so that only what varies is written when it comes round.
  CompiledStream::Slot& slot_for(std::size_t stream, std::uint32_t at) {
    CompiledStream::Slot& slot = slots_[at];
    if (holds_[at] != stream) {
      holds_[at] = stream;
      streams_[stream].prepare(slot);
    }
    return slot;
  }

  void describe(std::uint32_t at, std::uint32_t size) {
    VnetHeader header;
    header.hdr_len = static_cast<std::uint16_t>(size);
    std::memcpy(slots_[at].octets - sizeof header, &header, sizeof header);
    ring_.state(at).tp_len = static_cast<std::uint32_t>(size + sizeof header);
  }

  tl::expected<std::uint64_t, OsError> hand_over(std::uint32_t made) {
    const auto result = ::send(ring_.descriptor.get(), nullptr, 0, MSG_DONTWAIT);
    const int number = result < 0 ? errno : 0;
    const std::uint32_t taken = taken_of(made);
    // What was not taken is the caller's again: the kernel only looks into the ring during the
    // call, and begins where it left off.
    bool malformed = false;
    for (std::uint32_t i = taken; i < made; ++i) {
      const std::uint32_t at = ring_.after(next_, i);
      malformed |= (ring_.status(at) & TP_STATUS_WRONG_FORMAT) != 0;
      ring_.set_status(at, TP_STATUS_AVAILABLE);
    }
    next_ = ring_.after(next_, taken);
    if (taken != 0) return std::uint64_t{taken};
    const bool again = number == 0 || number == EAGAIN || number == ENOBUFS || number == EINTR;
    if (malformed || !again) {
      return tl::unexpected(OsError{malformed ? "send a frame that the kernel finds malformed "
                                                "(TP_STATUS_WRONG_FORMAT)"
                                              : "send a batch of frames through a mapped ring",
                                    number});
    }
    wait_for_room();
    return std::uint64_t{0};
  }

  /// How many of the `made` slots from next_ on the kernel has taken; it takes them in order.
  std::uint32_t taken_of(std::uint32_t made) const {
    constexpr std::uint32_t ours = TP_STATUS_SEND_REQUEST | TP_STATUS_WRONG_FORMAT;
    const auto is_ours = [&](std::uint32_t i) {
      return (ring_.status(ring_.after(next_, i)) & ours) != 0;
    };
    if (!is_ours(made - 1)) return made;
    std::uint32_t taken = 0;
    while (!is_ours(taken)) ++taken;
    return taken;
  }

  /// The queue of the device is full: it says when there is room again.
  void wait_for_room() {
    pollfd room{ring_.descriptor.get(), POLLOUT, 0};
    ::poll(&room, 1, 10);
  }

  MappedRing ring_;
  std::span<const CompiledStream> streams_;
  std::vector<CompiledStream::Slot> slots_;
  std::vector<std::size_t> holds_;  // the stream that a slot is prepared for
  std::uint32_t next_ = 0;          // the slot at which the kernel goes on
};

}  // namespace

tl::expected<std::unique_ptr<Backend>, OsError> make_tx_ring(
    const std::string& interface, std::span<const CompiledStream> streams) {
  std::uint32_t largest = 0;
  for (const CompiledStream& stream : streams) largest = std::max(largest, stream.largest());
  auto ring = open_ring(interface, largest);
  if (!ring) return tl::unexpected(ring.error());
  if (auto fits = check_mtu(ring->descriptor, interface, largest); !fits) {
    return tl::unexpected(fits.error());
  }
  return std::make_unique<TxRing>(std::move(*ring), streams);
}

std::string tx_ring_refusal(const CompiledStream& stream) {
  return stream.largest() <= largest_frame ? ""
                                           : "has larger frames than a slot of a ring describes";
}

std::string tx_ring_refusal(const std::string& interface) {
  const auto ring = open_ring(interface, 1514);
  if (ring) return {};
  return fmt::format("cannot {}: {}", ring.error().step, std::strerror(ring.error().number));
}

}  // namespace tcproof::generator
