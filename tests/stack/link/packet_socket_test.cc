// SPDX-License-Identifier: Apache-2.0
#include "stack/link/packet_socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <thread>

#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tcproof::link {
namespace {

bool bring_loopback_up() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP;
  const bool done = ::ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  ::close(fd);
  return done;
}

/// Runs `f` on a thread in a network namespace of its own. False if there is none to be had.
bool in_a_namespace(const std::function<void()>& f) {
  bool entered = false;
  std::thread([&] {
    entered = ::unshare(CLONE_NEWNET) == 0 && bring_loopback_up();
    if (entered) f();
  }).join();
  return entered;
}

wire::Buffer frame_of(std::uint8_t mark) {
  wire::Buffer frame(60, mark);
  wire::put16(frame, 12, 0x88b5);  // IEEE 802 local experimental
  return frame;
}

bool await(const PacketSocket& socket) {
  pollfd ready{socket.descriptor(), POLLIN, 0};
  return ::poll(&ready, 1, 2000) == 1;
}

// The loopback device hands every frame back: the socket that sent it must see it come in once and
// never go out.
TEST(PacketSocket, SeesOnlyWhatComesIn) {
  const bool ran = in_a_namespace([] {
    Reaper reaper;
    auto socket = PacketSocket::open("lo", {}, reaper);
    ASSERT_TRUE(socket) << socket.error().step;
    const Instant before = wall_clock();
    ASSERT_EQ(socket->send(frame_of(7)), 0);
    ASSERT_TRUE(await(*socket));
    PacketSocket::Frame frame;
    ASSERT_TRUE(socket->receive(frame));
    EXPECT_FALSE(frame.outgoing);
    EXPECT_EQ(frame.octets.size(), 60U);
    EXPECT_EQ(frame.octets[20], 7);
    EXPECT_GE(frame.at, before);
    EXPECT_LE(frame.at, wall_clock());
    EXPECT_FALSE(socket->receive(frame));
    EXPECT_EQ(socket->dropped(), 0U);
  });
  if (!ran) GTEST_SKIP() << "no network namespace: " << std::strerror(errno);
}

TEST(PacketSocket, TellsOutgoingFromIncoming) {
  const bool ran = in_a_namespace([] {
    Reaper reaper;
    auto watcher = PacketSocket::open("lo", {.outgoing = true}, reaper);
    auto sender = PacketSocket::open("lo", {}, reaper);
    ASSERT_TRUE(watcher && sender);
    ASSERT_EQ(sender->send(frame_of(1)), 0);
    int outgoing = 0;
    int incoming = 0;
    PacketSocket::Frame frame;
    while (outgoing + incoming < 2 && await(*watcher)) {
      if (watcher->receive(frame)) ++(frame.outgoing ? outgoing : incoming);
    }
    EXPECT_EQ(outgoing, 1);
    EXPECT_EQ(incoming, 1);
  });
  if (!ran) GTEST_SKIP() << "no network namespace: " << std::strerror(errno);
}

TEST(PacketSocket, RefusalsSayWhy) {
  const bool ran = in_a_namespace([] {
    Reaper reaper;
    const auto none = PacketSocket::open("nowhere", {}, reaper);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().number, ENODEV);
    EXPECT_EQ(none.error().step, "find the interface nowhere");
    auto socket = PacketSocket::open("lo", {}, reaper);
    ASSERT_TRUE(socket);
    EXPECT_NE(socket->send(wire::Buffer(3)), 0);  // shorter than an Ethernet header
  });
  if (!ran) GTEST_SKIP() << "no network namespace: " << std::strerror(errno);
}

// The descriptor is closed once the reaper has ended, not before it is given away.
TEST(Reaper, ClosesWhatItIsGiven) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  {
    Reaper reaper;
    reaper.close_later(ends[1]);
  }
  char octet = 0;
  EXPECT_EQ(::read(ends[0], &octet, 1), 0);  // end of file: nobody can write any more
  ::close(ends[0]);
}

}  // namespace
}  // namespace tcproof::link
