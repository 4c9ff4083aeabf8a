// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "stack/link/random.h"
#include "stack/tcp/connection.h"
#include "stack/tcp/reset.h"

// Two connections over a pipe that loses, duplicates and reorders: the octets arrive, once and in
// order, and both ends come to CLOSED. All of it follows from the seed.

namespace tcproof::tcp {
namespace {

struct Faults {
  double loss = 0, duplication = 0;
  Duration delay_max = 20ms;
};

struct InFlight {
  Instant at;
  std::uint64_t order;
  int to;
  Segment segment;
  wire::Buffer text;
};

class Pipe {
 public:
  Pipe(std::uint64_t seed, const Faults& faults, const Config& a, const Config& b)
      : random_(seed), faults_(faults), out_{Out{*this, 1}, Out{*this, 0}} {
    ends_[0].connection = std::make_unique<Connection>(a, out_[0]);
    ends_[1].connection = std::make_unique<Connection>(b, out_[1]);
    for (End& end : ends_)
      end.to_send = wire::Buffer(static_cast<std::size_t>(random_.below(120000)));
    for (End& end : ends_) {
      for (auto& octet : end.to_send) octet = static_cast<std::uint8_t>(random_.next());
    }
  }

  void open(bool simultaneous) {
    const Seq iss0{static_cast<std::uint32_t>(0U - random_.below(100000))};
    const Seq iss1{static_cast<std::uint32_t>(0x80000000U - random_.below(100000))};
    if (simultaneous) {
      at(1).open_active(iss1, now_);
    } else {
      at(1).open_passive(now_);
      at(1).set_iss(iss1);
    }
    at(0).open_active(iss0, now_);
  }

  /// Until nothing is left to happen, or far too long.
  void run() {
    for (int step = 0; step < 2000000; ++step) {
      users();
      const auto next = next_instant();
      if (!next) return read_what_is_left();
      now_ = std::max(now_, *next);
      for (const int i : {0, 1}) {
        if (at(i).next_deadline() && *at(i).next_deadline() <= now_) at(i).on_timeout(now_);
      }
      deliver();
    }
    FAIL() << "it never ends";
  }

  void check() {
    for (const int i : {0, 1}) {
      SCOPED_TRACE(i);
      EXPECT_EQ(to_string(at(i).state()), "CLOSED");
      EXPECT_EQ(at(i).status(), Error::none);
      EXPECT_EQ(ends_[1 - i].sent, ends_[1 - i].to_send.size());
      EXPECT_TRUE(ends_[i].received == ends_[1 - i].to_send)
          << ends_[i].received.size() << " of " << ends_[1 - i].to_send.size();
    }
  }

 private:
  struct Out : Output {
    Out(Pipe& pipe_, int to_) : pipe(pipe_), to(to_) {}
    void segment(const Segment& segment) override { pipe.put(to, segment); }
    void transition(State, State, std::string_view) override {}
    void trace(std::string_view) override {}
    Pipe& pipe;
    int to;
  };
  struct End {
    std::unique_ptr<Connection> connection;
    wire::Buffer to_send, received;
    std::size_t sent = 0;
    bool closed = false;
  };

  Connection& at(int i) { return *ends_[i].connection; }

  void put(int to, const Segment& segment) {
    const int copies = random_.chance(faults_.loss)          ? 0
                       : random_.chance(faults_.duplication) ? 2
                                                             : 1;
    for (int i = 0; i < copies; ++i) {
      const auto delay = static_cast<Duration::rep>(
          random_.below(static_cast<std::uint64_t>(faults_.delay_max.count())));
      wire_.push_back({now_ + 1ms + Duration(delay), order_++, to, segment,
                       wire::Buffer(segment.text.begin(), segment.text.end())});
    }
  }

  void users() {
    for (const int i : {0, 1}) {
      End& end = ends_[i];
      std::size_t n = 0;
      if (!end.closed) {
        const std::size_t want =
            std::min<std::size_t>(end.to_send.size() - end.sent, 1 + random_.below(5000));
        const auto text = wire::Bytes(end.to_send).subspan(end.sent, want);
        if (want != 0) at(i).send(text, random_.chance(0.2), random_.chance(0.05), now_, n);
        end.sent += n;
        const bool opening = at(i).state() == State::listen || at(i).state() == State::syn_sent;
        if (!opening && end.sent == end.to_send.size() && at(i).close(now_) == Error::none)
          end.closed = true;
      }
      read(i, random_.below(8000));
    }
  }

  void read(int i, std::size_t at_most) {
    wire::Buffer out(at_most);
    std::size_t n = 0;
    at(i).receive(out, now_, n);
    out.resize(n);
    ends_[i].received.insert(ends_[i].received.end(), out.begin(), out.end());
  }

  void read_what_is_left() {
    for (const int i : {0, 1}) read(i, at(i).readable());
  }

  std::optional<Instant> next_instant() const {
    std::optional<Instant> next;
    const auto consider = [&next](Instant t) {
      if (!next || t < *next) next = t;
    };
    for (const InFlight& f : wire_) consider(f.at);
    for (const End& end : ends_) {
      if (end.connection->next_deadline()) consider(*end.connection->next_deadline());
    }
    return next;
  }

  void deliver() {
    std::vector<InFlight> due;
    std::erase_if(wire_, [&](InFlight& f) {
      if (f.at > now_) return false;
      due.push_back(std::move(f));
      return true;
    });
    std::ranges::sort(due, {}, [](const InFlight& f) { return std::pair(f.at, f.order); });
    for (InFlight& f : due) {
      f.segment.text = f.text;
      if (at(f.to).state() != State::closed) {
        at(f.to).on_segment(f.segment, now_);
      } else if (const auto reset = reset_for(f.segment)) {  // what the host does
        put(1 - f.to, *reset);
      }
    }
  }

  link::Random random_;
  Faults faults_;
  Out out_[2];
  End ends_[2];
  Instant now_{};
  std::vector<InFlight> wire_;
  std::uint64_t order_ = 0;
};

void talk(std::uint64_t seed, const Faults& faults, bool simultaneous = false) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  link::Random random(seed + 1000);
  Config a, b;
  a.receive_buffer = static_cast<std::uint32_t>(500 + random.below(80000));
  b.receive_buffer = static_cast<std::uint32_t>(500 + random.below(8000));
  a.send_buffer = static_cast<std::uint32_t>(1000 + random.below(60000));
  a.mss = static_cast<std::uint16_t>(100 + random.below(1400));
  a.nagle = random.chance(0.5);
  for (Config* config : {&a, &b}) {
    Features& features = config->features;
    for (bool* feature : {&features.window_scale, &features.timestamps, &features.sack,
                          &features.dsack, &features.limited_transmit, &features.delayed_ack}) {
      *feature = random.chance(0.8);
    }
    if (random.chance(0.3)) config->receive_buffer *= 20;  // windows that need scaling
  }
  // Losing is the pipe's business here; giving up is tested elsewhere.
  a.r2 = b.r2 = a.r2_syn = b.r2_syn = 100000s;
  Pipe pipe(seed, faults, a, b);
  pipe.open(simultaneous);
  pipe.run();
  pipe.check();
}

TEST(Pipe, Clean) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) talk(seed, {.delay_max = 1ns});
}

TEST(Pipe, Reordering) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) talk(seed, {});
}

TEST(Pipe, Duplicating) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) talk(seed, {.duplication = 0.3});
}

TEST(Pipe, Lossy) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) talk(seed, {.loss = 0.05});
}

TEST(Pipe, Awful) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    talk(seed, {.loss = 0.2, .duplication = 0.2, .delay_max = 300ms});
  }
}

TEST(Pipe, SimultaneousOpen) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) talk(seed, {.loss = 0.1}, true);
}

}  // namespace
}  // namespace tcproof::tcp
