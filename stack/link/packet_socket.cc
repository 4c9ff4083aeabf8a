// SPDX-License-Identifier: Apache-2.0
#include "stack/link/packet_socket.h"

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

namespace tcproof::link {
namespace {

constexpr int reaper_threads = 4;
/// The largest IP packet with its Ethernet header and a VLAN tag.
constexpr std::size_t largest_frame = 65535 + 18;

Instant instant_of(const timespec& t) {
  return Instant(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

int set_option(int descriptor, int level, int name, int value) {
  return setsockopt(descriptor, level, name, &value, sizeof value);
}

tl::unexpected<OsError> refused(int descriptor, std::string step) {
  const int number = errno;
  if (descriptor >= 0) ::close(descriptor);
  return tl::unexpected(OsError{std::move(step), number});
}

}  // namespace

class Reaper::Impl {
 public:
  Impl() {
    for (int i = 0; i < reaper_threads; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
  }
  void push(int descriptor) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(descriptor);
    }
    wake_.notify_one();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const int descriptor = waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      ::close(descriptor);
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<int> waiting_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

Reaper::Reaper() : impl_(std::make_unique<Impl>()) {}
Reaper::~Reaper() = default;
void Reaper::close_later(int descriptor) {
  impl_->push(descriptor);
}

tl::expected<PacketSocket, OsError> PacketSocket::open(const std::string& interface,
                                                       const Options& options, Reaper& reaper) {
  // Without a protocol the socket hears nothing until it is bound, so no frame of another interface
  // can slip in between.
  const int fd = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return refused(fd, "open a packet socket");
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return refused(fd, "find the interface " + interface);
  if (set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1) != 0) {
    return refused(fd, "ask for receive times on " + interface);
  }
  if (!options.outgoing && set_option(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) != 0) {
    return refused(fd, "ignore outgoing frames on " + interface);
  }
  if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, options.receive_buffer) != 0) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, options.receive_buffer);
  }
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(index);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return refused(fd, "bind a packet socket to " + interface);
  }
  return PacketSocket(fd, static_cast<int>(index), reaper);
}

PacketSocket::PacketSocket(int descriptor, int interface_index, Reaper& reaper)
    : descriptor_(descriptor),
      interface_index_(interface_index),
      reaper_(&reaper),
      buffer_(largest_frame) {}

PacketSocket::PacketSocket(PacketSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      interface_index_(other.interface_index_),
      reaper_(other.reaper_),
      buffer_(std::move(other.buffer_)) {}

PacketSocket::~PacketSocket() {
  if (descriptor_ >= 0) reaper_->close_later(descriptor_);
}

int PacketSocket::send(wire::Bytes octets) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = interface_index_;
  // The header's own type: the kernel looks at it when it dissects the frame, never puts it on the
  // wire.
  if (octets.size() >= ETH_HLEN) address.sll_protocol = htons(wire::be16(octets, 12));
  const auto sent = ::sendto(descriptor_, octets.data(), octets.size(), MSG_DONTWAIT,
                             reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return sent < 0 ? errno : 0;
}

bool PacketSocket::receive(Frame& frame) {
  iovec part{buffer_.data(), buffer_.size()};
  sockaddr_ll from{};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(timespec))> control;
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = 0;
  do {
    got = ::recvmsg(descriptor_, &message, MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return false;
  frame.octets = wire::Bytes(buffer_).first(static_cast<std::size_t>(got));
  frame.outgoing = from.sll_pkttype == PACKET_OUTGOING;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_level == SOL_SOCKET &&
      header->cmsg_type == SCM_TIMESTAMPNS) {
    timespec stamp{};
    std::memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
    frame.at = instant_of(stamp);
  } else {
    frame.at = wall_clock();
  }
  return true;
}

unsigned PacketSocket::dropped() {
  tpacket_stats counters{};
  socklen_t size = sizeof counters;
  if (getsockopt(descriptor_, SOL_PACKET, PACKET_STATISTICS, &counters, &size) != 0) return 0;
  return counters.tp_drops;
}

Instant wall_clock() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return instant_of(t);
}

}  // namespace tcproof::link
