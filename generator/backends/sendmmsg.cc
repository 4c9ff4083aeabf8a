// SPDX-License-Identifier: Apache-2.0
#include "generator/backends/sendmmsg.h"

#include <array>
#include <cerrno>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tcproof::generator {
namespace {

constexpr std::size_t batch_size = 64;

tl::unexpected<OsError> refused(int descriptor, std::string step) {
  const int number = errno;
  if (descriptor >= 0) ::close(descriptor);
  return tl::unexpected(OsError{std::move(step), number});
}

class Sendmmsg : public Backend {
 public:
  Sendmmsg(int descriptor, std::span<const CompiledStream> streams)
      : descriptor_(descriptor), streams_(streams) {
    for (const CompiledStream& stream : streams) rings_.emplace_back(stream, batch_size);
    for (std::size_t i = 0; i < batch_size; ++i) {
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  ~Sendmmsg() override { ::close(descriptor_); }
  Sendmmsg(const Sendmmsg&) = delete;
  Sendmmsg& operator=(const Sendmmsg&) = delete;

  std::uint64_t batch() const override { return batch_size; }

  tl::expected<std::uint64_t, OsError> send(std::size_t stream, std::uint64_t first,
                                            std::uint64_t count) override {
    const CompiledStream& from = streams_[stream];
    SlotRing& ring = rings_[stream];
    const auto stamp = static_cast<std::uint64_t>(link::wall_clock().time_since_epoch().count());
    for (std::size_t i = 0; i < count; ++i) {
      CompiledStream::Slot& slot = ring[i];
      from.write(first + i, stamp, slot);
      parts_[i] = {slot.octets, slot.size};
    }
    return hand_over(count);
  }

 private:
  tl::expected<std::uint64_t, OsError> hand_over(std::uint64_t count) {
    for (;;) {
      const int sent = ::sendmmsg(descriptor_, messages_.data(), static_cast<unsigned>(count), 0);
      if (sent >= 0) return static_cast<std::uint64_t>(sent);
      if (errno == EINTR) return std::uint64_t{0};
      if (errno != ENOBUFS && errno != EAGAIN) {
        return tl::unexpected(OsError{"send a batch of frames", errno});
      }
      // The queue of the device is full: it says when there is room again.
      pollfd room{descriptor_, POLLOUT, 0};
      ::poll(&room, 1, 10);
      return std::uint64_t{0};
    }
  }

  int descriptor_;
  std::span<const CompiledStream> streams_;
  std::vector<SlotRing> rings_;
  std::array<iovec, batch_size> parts_{};
  std::array<mmsghdr, batch_size> messages_{};
};

}  // namespace

tl::expected<int, OsError> open_sender(const std::string& interface, bool vnet_header) {
  // Protocol 0: the socket receives nothing.
  const int fd = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0) return refused(fd, "open a packet socket");
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return refused(fd, "find the interface " + interface);
  const int on = 1;
  if (vnet_header && setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) != 0) {
    return refused(fd, "ask for virtio headers on " + interface);
  }
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(index);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return refused(fd, "bind a packet socket to " + interface);
  }
  return fd;
}

tl::expected<std::unique_ptr<Backend>, OsError> make_sendmmsg(
    const std::string& interface, std::span<const CompiledStream> streams) {
  const auto fd = open_sender(interface, false);
  if (!fd) return tl::unexpected(fd.error());
  return std::make_unique<Sendmmsg>(*fd, streams);
}

}  // namespace tcproof::generator
