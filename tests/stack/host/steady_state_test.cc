// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <new>
#include <vector>

#include "stack/host.h"

// Goal: nothing is allocated per segment in steady state, and many connections cost no more to find
// than one. Method: operator new counts, two hosts exchange frames through buffers that were made
// before the counting began.

namespace {

std::size_t allocations = 0;

}  // namespace

// The sanitizers bring allocators of their own, which count nothing here.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// GCC takes free() in a replaced operator delete for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
#endif

namespace tcproof::stack {
namespace {

using wire::Family;
using wire::IpAddress;

/// Frames on their way, in storage that is used again.
class Wire {
 public:
  Wire() : frames_(4096) {
    for (auto& frame : frames_) frame.reserve(1600);
  }
  void put(wire::Bytes frame) {
    auto& place = frames_[end_++ % frames_.size()];
    place.assign(frame.begin(), frame.end());
  }
  bool take(Host& to, Instant now) {
    if (begin_ == end_) return false;
    to.input(frames_[begin_++ % frames_.size()], now);
    return true;
  }

 private:
  std::vector<wire::Buffer> frames_;
  std::size_t begin_ = 0, end_ = 0;
};

class TwoHosts : public testing::Test {
 protected:
  TwoHosts() {
    a_ =
        std::make_unique<Host>(config(1), HostOutput{.frame = [this](wire::Bytes f) { ab_.put(f); },
                                                     .transition = {},
                                                     .trace = {},
                                                     .report = {}});
    b_ =
        std::make_unique<Host>(config(2), HostOutput{.frame = [this](wire::Bytes f) { ba_.put(f); },
                                                     .transition = {},
                                                     .trace = {},
                                                     .report = {}});
  }
  static HostConfig config(std::uint8_t number) {
    HostConfig config;
    config.mac = {{2, 0, 0, 0, 0, number}};
    config.v4 = wire::IpPrefix{IpAddress::v4(192, 0, 2, number), 24};
    config.secret = number;
    return config;
  }
  void settle() {
    while (ab_.take(*b_, now_) || ba_.take(*a_, now_)) {
    }
  }
  void pass(Duration time) {
    now_ += time;
    a_->advance(now_);
    b_->advance(now_);
    settle();
  }
  /// One round: a sends, b reads, and every frame arrives.
  std::size_t exchange(ConnectionId from, ConnectionId to) {
    std::size_t taken = 0, got = 0, read = 0;
    EXPECT_EQ(a_->send(from, text_, false, false, now_, taken), tcp::Error::none);
    settle();
    do {
      b_->receive(to, room_, now_, got);
      read += got;
      settle();
    } while (got != 0);
    pass(1ms);
    return read;
  }

  Instant now_{};
  Wire ab_, ba_;
  std::unique_ptr<Host> a_, b_;
  wire::Buffer text_ = wire::Buffer(20000), room_ = wire::Buffer(65536);
};

TEST_F(TwoHosts, NothingIsAllocatedPerSegment) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's allocator does not count";
#endif
  const auto server = b_->open_passive(Family::v4, 80, {}, now_);
  const auto client = a_->open_active(IpAddress::v4(192, 0, 2, 2), 80, 0, {}, now_);
  settle();
  ASSERT_EQ(a_->state(client.id), tcp::State::established);
  for (int round = 0; round < 200; ++round) exchange(client.id, server.id);  // windows have grown
  const std::size_t before = allocations;
  std::size_t octets = 0;
  for (int round = 0; round < 500; ++round) octets += exchange(client.id, server.id);
  EXPECT_GT(octets, 5'000'000U);
  EXPECT_EQ(allocations - before, 0U);
  auto probe = std::make_unique<int>(1);
  EXPECT_EQ(allocations - before, 1U);  // the counter counts
}

TEST_F(TwoHosts, AListenerHoldsNoMoreThanItsBacklog) {
  const auto listener = b_->listen(Family::v4, 80, 3, {});
  ASSERT_EQ(listener.error, tcp::Error::none);
  EXPECT_EQ(b_->listen(Family::v4, 80, 3, {}).error, tcp::Error::already_exists);
  std::vector<ConnectionId> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(a_->open_active(IpAddress::v4(192, 0, 2, 2), 80, 0, {}, now_).id);
    settle();
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(a_->state(clients[i]), tcp::State::established);
  for (int i = 3; i < 5; ++i) EXPECT_EQ(a_->state(clients[i]), tcp::State::syn_sent);

  // Accepting makes room: a SYN that is sent again finds it.
  const ConnectionId first = b_->accept(listener.id);
  ASSERT_NE(first, 0U);
  EXPECT_EQ(b_->state(first), tcp::State::established);
  pass(1s);
  EXPECT_EQ(a_->state(clients[3]), tcp::State::established);
  EXPECT_EQ(a_->state(clients[4]), tcp::State::syn_sent);

  // A connection that its peer resets before anybody has accepted it leaves its place.
  a_->abort(clients[1], now_);
  settle();
  pass(2s);
  EXPECT_EQ(a_->state(clients[4]), tcp::State::established);

  b_->stop_listening(listener.id, now_);
  settle();
  EXPECT_EQ(a_->state(clients[0]),
            tcp::State::established);  // accepted: not the listener's any more
  EXPECT_EQ(a_->status(clients[2]), tcp::Error::connection_reset);
  EXPECT_EQ(b_->accept(listener.id), 0U);
}

// Every connection is found among the others, and every one carries its own octets.
TEST_F(TwoHosts, ManyConnectionsAreToldApart) {
  constexpr std::size_t ports = 20, each = 500;
  std::vector<ListenerId> listeners;
  std::vector<ConnectionId> clients;
  for (std::uint16_t port = 1000; port < 1000 + ports; ++port) {
    listeners.push_back(b_->listen(Family::v4, port, each, {}).id);
    for (std::size_t i = 0; i < each; ++i) {
      clients.push_back(a_->open_active(IpAddress::v4(192, 0, 2, 2), port, 0, {}, now_).id);
      settle();
    }
  }
  std::size_t n = 0;
  for (const ListenerId listener : listeners) {
    for (std::size_t i = 0; i < each; ++i, ++n) {
      const ConnectionId server = b_->accept(listener);
      ASSERT_NE(server, 0U) << n;
      const wire::Buffer text(1 + n % 97, static_cast<std::uint8_t>(n));
      std::size_t taken = 0, got = 0;
      ASSERT_EQ(a_->send(clients[n], text, true, false, now_, taken), tcp::Error::none) << n;
      settle();
      b_->receive(server, room_, now_, got);
      ASSERT_EQ(got, text.size()) << n;
      ASSERT_EQ(room_[0], static_cast<std::uint8_t>(n)) << n;
    }
  }
}

}  // namespace
}  // namespace tcproof::stack
