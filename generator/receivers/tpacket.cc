// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "generator/receiver.h"

namespace tcproof::generator {
namespace {

constexpr unsigned block_size = 1 << 20;
constexpr unsigned blocks = 48;
constexpr unsigned frame_size = 1 << 11;  // what the kernel wants to know of a ring it does not cut
constexpr unsigned retire_ms = 5;         // a block that is not full is handed over after this

tl::unexpected<OsError> refused(int descriptor, std::string step) {
  const int number = errno;
  if (descriptor >= 0) ::close(descriptor);
  return tl::unexpected(OsError{std::move(step), number});
}

/// The mapped ring and its socket.
struct Ring {
  int descriptor = -1;
  std::uint8_t* map = nullptr;

  tpacket_block_desc* block(unsigned i) const {
    return reinterpret_cast<tpacket_block_desc*>(map + std::size_t{i} * block_size);
  }
};

class TpacketReceiver : public Receiver {
 public:
  TpacketReceiver(Ring ring, int wake, std::span<const CompiledStream> streams, Turns turns)
      : ring_(ring), wake_(wake), tally_(streams, turns), thread_([this] { work(); }) {}
  ~TpacketReceiver() override {
    TpacketReceiver::stop();
    ::munmap(ring_.map, std::size_t{block_size} * blocks);
    ::close(ring_.descriptor);
    ::close(wake_);
  }
  TpacketReceiver(const TpacketReceiver&) = delete;
  TpacketReceiver& operator=(const TpacketReceiver&) = delete;

  Snapshot snapshot() override {
    const std::lock_guard lock(mutex_);
    read_drops();
    const auto streams = tally_.streams();
    return {.streams = {streams.begin(), streams.end()},
            .foreign = tally_.foreign(),
            .dropped = dropped_};
  }
  std::uint64_t frames() override { return frames_.load(std::memory_order_relaxed); }
  std::optional<OsError> failure() override {
    const std::lock_guard lock(mutex_);
    return failure_;
  }
  void stop() override {
    if (!thread_.joinable()) return;
    const std::uint64_t one = 1;
    const auto written = ::write(wake_, &one, sizeof one);
    static_cast<void>(written);  // the counter cannot be full
    thread_.join();
  }
  std::string drop_counter() const override { return "PACKET_STATISTICS tp_drops"; }

 private:
  void work() {
    std::array<pollfd, 2> wanted{pollfd{ring_.descriptor, POLLIN | POLLERR, 0},
                                 pollfd{wake_, POLLIN, 0}};
    while (take_blocks(), (wanted[1].revents & POLLIN) == 0) {
      if (::poll(wanted.data(), wanted.size(), 1000) < 0 && errno != EINTR) {
        fail("wait for frames", errno);
        return;
      }
      if ((wanted[0].revents & POLLERR) != 0 && !look_at_error()) return;
    }
    // What came last lies in a block that is not handed over yet.
    ::poll(wanted.data(), 1, retire_ms * 4);
    take_blocks();
  }

  /// An interface that goes down or away leaves its error at the socket.
  bool look_at_error() {
    int number = 0;
    socklen_t size = sizeof number;
    getsockopt(ring_.descriptor, SOL_SOCKET, SO_ERROR, &number, &size);
    if (number == 0) return true;
    take_blocks();
    fail("receive frames", number);
    return false;
  }

  void fail(std::string step, int number) {
    const std::lock_guard lock(mutex_);
    failure_ = OsError{std::move(step), number};
  }

  void take_blocks() {
    for (;; next_ = (next_ + 1) % blocks) {
      tpacket_block_desc* const block = ring_.block(next_);
      std::atomic_ref<__u32> status(block->hdr.bh1.block_status);
      if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) return;
      take_block(*block);
      status.store(TP_STATUS_KERNEL, std::memory_order_release);
    }
  }

  void take_block(const tpacket_block_desc& block) {
    const std::lock_guard lock(mutex_);
    const auto* at = reinterpret_cast<const std::uint8_t*>(&block);
    at += block.hdr.bh1.offset_to_first_pkt;
    for (unsigned i = 0; i < block.hdr.bh1.num_pkts; ++i) {
      const auto* header = reinterpret_cast<const tpacket3_hdr*>(at);
      const std::uint64_t time = std::uint64_t{header->tp_sec} * 1000000000 + header->tp_nsec;
      tally_.take(wire::Bytes(at + header->tp_mac, header->tp_snaplen), header->tp_len, time);
      at += header->tp_next_offset;
    }
    frames_.fetch_add(block.hdr.bh1.num_pkts, std::memory_order_relaxed);
  }

  void read_drops() {
    tpacket_stats_v3 counters{};
    socklen_t size = sizeof counters;
    if (getsockopt(ring_.descriptor, SOL_PACKET, PACKET_STATISTICS, &counters, &size) == 0) {
      dropped_ += counters.tp_drops;  // reading sets the kernel's to zero
    }
  }

  Ring ring_;
  int wake_;
  unsigned next_ = 0;
  std::mutex mutex_;
  Tally tally_;
  std::uint64_t dropped_ = 0;
  std::optional<OsError> failure_;
  std::atomic<std::uint64_t> frames_{0};
  std::thread thread_;
};

template <class T>
bool set(int fd, int name, const T& value) {
  return setsockopt(fd, SOL_PACKET, name, &value, sizeof value) == 0;
}

tl::expected<Ring, OsError> open_ring(const std::string& interface) {
  const int fd = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0) return refused(fd, "open a packet socket");
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return refused(fd, "find the interface " + interface);
  tpacket_req3 request{};
  request.tp_block_size = block_size;
  request.tp_block_nr = blocks;
  request.tp_frame_size = frame_size;
  request.tp_frame_nr = block_size / frame_size * blocks;
  request.tp_retire_blk_tov = retire_ms;
  if (!set(fd, PACKET_VERSION, int{TPACKET_V3}) || !set(fd, PACKET_IGNORE_OUTGOING, 1) ||
      !set(fd, PACKET_RX_RING, request)) {
    return refused(fd, "make a receive ring on " + interface);
  }
  void* const map =
      ::mmap(nullptr, std::size_t{block_size} * blocks, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) return refused(fd, "map the receive ring of " + interface);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(index);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::munmap(map, std::size_t{block_size} * blocks);
    return refused(fd, "bind a receive ring to " + interface);
  }
  return Ring{fd, static_cast<std::uint8_t*>(map)};
}

}  // namespace

tl::expected<std::unique_ptr<Receiver>, OsError> make_tpacket_receiver(
    const std::string& interface, std::span<const CompiledStream> streams, Turns turns) {
  const auto ring = open_ring(interface);
  if (!ring) return tl::unexpected(ring.error());
  const int wake = ::eventfd(0, EFD_CLOEXEC);
  if (wake < 0) {
    ::munmap(ring->map, std::size_t{block_size} * blocks);
    return refused(ring->descriptor, "make an event descriptor");
  }
  return std::make_unique<TpacketReceiver>(*ring, wake, streams, turns);
}

}  // namespace tcproof::generator
