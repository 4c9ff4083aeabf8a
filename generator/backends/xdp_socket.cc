// SPDX-License-Identifier: Apache-2.0
#include "generator/backends/xdp_socket.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include "generator/fd.h"
#include "generator/mapping.h"

namespace tcproof::generator {
namespace {

constexpr std::uint32_t batch_size = 64;
/// Frames on their way at most; a power of two, as the rings are.
constexpr std::uint32_t chunks = 512;
/// The kernel knows chunks of these sizes; the larger one is a page.
constexpr std::uint32_t small_chunk = 2048, large_chunk = 4096;
/// Frames that one call takes (XDP_MAX_TX_SKB_BUDGET of Linux 6.18); kernels before take 32.
constexpr int frames_a_call_option = 9;
/// A queue that takes nothing for so long never will.
constexpr auto patience = std::chrono::seconds(2);

/// One of the rings that the socket shares with the kernel. The two ends are counters that only
/// grow; an entry's place is its number modulo the ring's size.
template <class Entry>
class SharedRing {
 public:
  SharedRing() = default;
  SharedRing(Mapping map, const xdp_ring_offset& at)
      : map_(std::move(map)),
        producer_(reinterpret_cast<std::uint32_t*>(map_.octets() + at.producer)),
        consumer_(reinterpret_cast<std::uint32_t*>(map_.octets() + at.consumer)),
        entries_(reinterpret_cast<Entry*>(map_.octets() + at.desc)) {}

  std::uint32_t producer() const { return load(producer_); }
  std::uint32_t consumer() const { return load(consumer_); }
  void set_producer(std::uint32_t to) { store(producer_, to); }
  void set_consumer(std::uint32_t to) { store(consumer_, to); }
  Entry& operator[](std::uint32_t number) { return entries_[number % chunks]; }

 private:
  static std::uint32_t load(std::uint32_t* at) {
    return std::atomic_ref<std::uint32_t>(*at).load(std::memory_order_acquire);
  }
  static void store(std::uint32_t* at, std::uint32_t to) {
    std::atomic_ref<std::uint32_t>(*at).store(to, std::memory_order_release);
  }

  Mapping map_;
  std::uint32_t* producer_ = nullptr;
  std::uint32_t* consumer_ = nullptr;
  Entry* entries_ = nullptr;
};

/// A bound socket with its memory and rings.
struct Socket {
  Fd descriptor;
  std::uint32_t chunk = small_chunk;
  Mapping frames;
  SharedRing<xdp_desc> transmit;
  SharedRing<std::uint64_t> completed;
};

tl::unexpected<OsError> refused(std::string step) {
  return tl::unexpected(OsError{std::move(step), errno});
}

template <class T>
bool set(const Fd& socket, int name, const T& value) {
  return setsockopt(socket.get(), SOL_XDP, name, &value, sizeof value) == 0;
}

Mapping map_ring(const Fd& socket, std::uint64_t which, std::uint64_t size) {
  constexpr int access = PROT_READ | PROT_WRITE, kind = MAP_SHARED | MAP_POPULATE;
  const auto offset = static_cast<off_t>(which);
  return {::mmap(nullptr, size, access, kind, socket.get(), offset), size};
}

tl::expected<void, OsError> make_rings(Socket& socket) {
  const Fd& fd = socket.descriptor;
  const std::size_t room = std::size_t{chunks} * socket.chunk;
  socket.frames = Mapping(::mmap(nullptr, room, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0),
                          room);
  if (!socket.frames.is_there()) return refused("get memory for frames");
  xdp_umem_reg area{};
  area.addr = reinterpret_cast<std::uintptr_t>(socket.frames.octets());
  area.len = room;
  area.chunk_size = socket.chunk;
  // A fill ring is asked for by every bind, though nothing is received.
  if (!set(fd, XDP_UMEM_REG, area) || !set(fd, XDP_UMEM_FILL_RING, chunks) ||
      !set(fd, XDP_UMEM_COMPLETION_RING, chunks) || !set(fd, XDP_TX_RING, chunks)) {
    return refused("share memory with the kernel (locked memory: ulimit -l)");
  }
  xdp_mmap_offsets at{};
  socklen_t size = sizeof at;
  if (getsockopt(fd.get(), SOL_XDP, XDP_MMAP_OFFSETS, &at, &size) != 0) {
    return refused("find the rings of an AF_XDP socket");
  }
  Mapping transmit = map_ring(fd, XDP_PGOFF_TX_RING, at.tx.desc + chunks * sizeof(xdp_desc));
  Mapping completed =
      map_ring(fd, XDP_UMEM_PGOFF_COMPLETION_RING, at.cr.desc + chunks * sizeof(std::uint64_t));
  if (!transmit.is_there() || !completed.is_there()) {
    return refused("map the rings of an AF_XDP socket");
  }
  socket.transmit = {std::move(transmit), at.tx};
  socket.completed = {std::move(completed), at.cr};
  return {};
}

/// A queue that another socket just left is only free when the kernel comes to it.
bool bind_to(const Fd& socket, const sockaddr_xdp& address) {
  constexpr int longest_wait_ms = 2000;
  const auto* const to = reinterpret_cast<const sockaddr*>(&address);
  for (int waited = 0; ::bind(socket.get(), to, sizeof address) != 0; ++waited) {
    if (errno != EBUSY || waited == longest_wait_ms) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

tl::expected<Socket, OsError> open_socket(const std::string& interface, std::uint32_t queue,
                                          std::uint32_t chunk) {
  Socket socket;
  socket.chunk = chunk;
  socket.descriptor = Fd(::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (socket.descriptor.get() < 0) return refused("open an AF_XDP socket");
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return refused("find the interface " + interface);
  if (auto made = make_rings(socket); !made) return tl::unexpected(made.error());
  static_cast<void>(set(socket.descriptor, frames_a_call_option, batch_size));
  sockaddr_xdp address{};
  address.sxdp_family = AF_XDP;
  address.sxdp_flags = XDP_COPY;
  address.sxdp_ifindex = index;
  address.sxdp_queue_id = queue;
  if (!bind_to(socket.descriptor, address)) {
    return refused(fmt::format("bind an AF_XDP socket to queue {} of {}", queue, interface));
  }
  return socket;
}

class XdpSocket : public Backend {
 public:
  XdpSocket(Socket socket, std::span<const CompiledStream> streams)
      : socket_(std::move(socket)), streams_(streams) {
    for (std::uint32_t i = 0; i < chunks; ++i) {
      slots_[i].octets = socket_.frames.octets() + std::size_t{i} * socket_.chunk;
      free_[i] = chunks - 1 - i;
    }
    holds_.fill(streams.size());
  }

  std::uint64_t batch() const override { return batch_size; }

  tl::expected<std::uint64_t, OsError> send(std::size_t stream, std::uint64_t first,
                                            std::uint64_t count) override {
    if (failure_) return tl::unexpected(*failure_);
    take_back();
    const auto packets = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, free_count_));
    if (packets == 0) {
      // The receiving end works through its queue on this processor or another one.
      ::sched_yield();
      return std::uint64_t{0};
    }
    const auto stamp = static_cast<std::uint64_t>(link::wall_clock().time_since_epoch().count());
    const std::uint32_t begin = socket_.transmit.producer();
    for (std::uint32_t i = 0; i < packets; ++i) {
      const std::uint32_t chunk = free_[--free_count_];
      CompiledStream::Slot& slot = slot_for(stream, chunk);
      streams_[stream].write(first + i, stamp, slot);
      socket_.transmit[begin + i] = {std::uint64_t{chunk} * socket_.chunk, slot.size, 0};
    }
    socket_.transmit.set_producer(begin + packets);
    return hand_over(begin, packets);
  }

 private:
  /// Chunks that the kernel is through with.
  void take_back() {
    const std::uint32_t end = socket_.completed.producer();
    std::uint32_t next = socket_.completed.consumer();
    for (; next != end; ++next) {
      free_[free_count_++] = static_cast<std::uint32_t>(socket_.completed[next] / socket_.chunk);
    }
    socket_.completed.set_consumer(end);
  }

  CompiledStream::Slot& slot_for(std::size_t stream, std::uint32_t chunk) {
    CompiledStream::Slot& slot = slots_[chunk];
    if (holds_[chunk] != stream) {
      holds_[chunk] = stream;
      streams_[stream].prepare(slot);
    }
    return slot;
  }

  /// Until the kernel has taken all that was put into the ring: it takes some and says EAGAIN, or
  /// is out of memory for a moment.
  tl::expected<std::uint64_t, OsError> hand_over(std::uint32_t begin, std::uint32_t packets) {
    const std::uint32_t end = begin + packets;
    std::uint32_t taken = begin;
    std::optional<std::chrono::steady_clock::time_point> stuck_since;
    for (;;) {
      const int sent = static_cast<int>(
          ::sendto(socket_.descriptor.get(), nullptr, 0, MSG_DONTWAIT, nullptr, 0));
      const int number = sent < 0 ? errno : 0;
      const std::uint32_t now = socket_.transmit.consumer();
      if (now == end) return std::uint64_t{packets};
      const bool again = number == 0 || number == EAGAIN || number == EBUSY || number == ENOBUFS ||
                         number == EINTR;
      if (!again) return give_up(now - begin, number);
      if (now != taken) {
        taken = now;
        stuck_since.reset();
        continue;
      }
      const auto time = std::chrono::steady_clock::now();
      if (!stuck_since) stuck_since = time;
      if (time - *stuck_since > patience) return give_up(now - begin, ETIMEDOUT);
      ::sched_yield();
    }
  }

  /// What was not taken stays in the ring, where the kernel may have seen it: nothing can follow.
  tl::expected<std::uint64_t, OsError> give_up(std::uint32_t taken, int number) {
    failure_ = OsError{"send a batch of frames through an AF_XDP socket", number};
    if (taken == 0) return tl::unexpected(*failure_);
    return std::uint64_t{taken};
  }

  Socket socket_;
  std::span<const CompiledStream> streams_;
  std::array<CompiledStream::Slot, chunks> slots_{};
  std::array<std::size_t, chunks> holds_{};  // the stream that a chunk is prepared for
  std::array<std::uint32_t, chunks> free_{};
  std::uint32_t free_count_ = chunks;
  std::optional<OsError> failure_;
};

}  // namespace

tl::expected<std::unique_ptr<Backend>, OsError> make_xdp_socket(
    const std::string& interface, std::uint32_t queue, std::span<const CompiledStream> streams) {
  std::uint32_t largest = 0;
  for (const CompiledStream& stream : streams) largest = std::max(largest, stream.largest());
  auto socket = open_socket(interface, queue, largest <= small_chunk ? small_chunk : large_chunk);
  if (!socket) return tl::unexpected(socket.error());
  return std::make_unique<XdpSocket>(std::move(*socket), streams);
}

std::string xdp_socket_refusal(const CompiledStream& stream) {
  return stream.largest() <= large_chunk ? "" : "has frames that do not fit a page";
}

std::string xdp_socket_refusal(const std::string& interface, unsigned threads) {
  std::vector<Socket> sockets;  // all at once, as they will be
  for (std::uint32_t queue = 0; queue < threads; ++queue) {
    auto socket = open_socket(interface, queue, large_chunk);
    if (!socket) {
      return fmt::format("cannot {}: {}", socket.error().step,
                         std::strerror(socket.error().number));
    }
    sockets.push_back(std::move(*socket));
  }
  return {};
}

}  // namespace tcproof::generator
