// SPDX-License-Identifier: Apache-2.0
// One connection fed arbitrary segments, calls and timeouts. The input is a script of commands; numbers
// in it are relative to what the connection has said, so that most segments come near its windows.
#include <algorithm>
#include <cassert>

#include "stack/tcp/connection.h"

namespace {

using namespace tcproof;
using namespace tcproof::tcp;

/// Reads the script; past its end all is zero.
class Script {
 public:
  explicit Script(wire::Bytes octets) : rest_(octets) {}
  bool empty() const { return rest_.empty(); }
  std::uint8_t octet() {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }
  std::uint16_t word() { return static_cast<std::uint16_t>(octet() << 8 | octet()); }
  /// Small steps to either side, and now and then a large one.
  std::uint32_t offset() {
    const std::uint16_t step = word();
    if ((step & 0xf000) == 0xf000) return static_cast<std::uint32_t>(step) << 20;
    return static_cast<std::uint32_t>(static_cast<std::int16_t>(step << 4) >> 4);
  }

 private:
  wire::Bytes rest_;
};

/// What the connection says, held against what any connection may say.
class World final : public Output {
 public:
  explicit World(const Config& config) : connection(config, *this) {}

  void segment(const Segment& out) override {
    ++said_;
    if (out.rst()) return;
    assert(!(out.syn() && out.fin()));
    assert(out.text.size() <= 65535);
    if (!next_) next_ = out.seq;
    // Nothing begins beyond what was said before.
    assert(wire::leq(out.seq, *next_));
    if (wire::lt(*next_, out.seq + out.len())) next_ = out.seq + out.len();
    if (out.ack_flag()) {
      assert(!acked_ || wire::leq(*acked_, out.ack) || out.syn());
      acked_ = out.ack;
    }
  }
  void transition(State from, State to, std::string_view rule) override {
    assert(from != to);
    assert(!rule.empty());
    if (to == State::closed || to == State::listen) {
      next_.reset();
      acked_.reset();
    }
  }
  void trace(std::string_view rule) override { assert(!rule.empty()); }

  /// One command never draws an endless answer.
  void commanded() {
    assert(said_ < 5000);
    said_ = 0;
  }
  Seq next() const { return next_.value_or(Seq{}); }
  Seq acked() const { return acked_.value_or(Seq{}); }

 private:
  std::optional<Seq> next_, acked_;
  std::size_t said_ = 0;

 public:
  Connection connection;
};

void arrive(World& world, Script& script, Instant now) {
  static const wire::Buffer text(4000, 0x5a);
  Segment in;
  in.flags = wire::TcpFlags{script.octet()};
  in.seq = world.acked() + script.offset();
  in.ack = world.next() + script.offset();
  in.wnd = script.word();
  const std::uint8_t more = script.octet();
  in.text = wire::Bytes(text).first(static_cast<std::size_t>(more & 0x0f) * 250);
  if ((more & 0x10) != 0) in.up = script.word();
  if ((more & 0x20) != 0) in.timestamps = {script.word(), script.word()};
  if ((more & 0x40) != 0) {
    in.sack_count = static_cast<std::uint8_t>(1 + script.octet() % 4);
    for (std::uint8_t i = 0; i < in.sack_count; ++i) {
      const Seq left = world.next() + script.offset();
      in.sack[i] = {left, left + script.offset()};
    }
  }
  if ((more & 0x80) != 0) {
    in.mss = script.word();
    in.window_scale = script.octet();
    in.sack_permitted = true;
  }
  if (world.connection.state() == State::listen) world.connection.set_iss(Seq{0xffffff00U});
  if (world.connection.state() != State::closed) world.connection.on_segment(in, now);
}

/// Lets `how_long` pass; every timer that is due runs, and no timer stays due.
void pass(World& world, Duration how_long, Instant& now) {
  const Instant end = now + how_long;
  for (int turns = 0;; ++turns) {
    assert(turns < 100'000);
    const auto due = world.connection.next_deadline();
    if (!due || *due > end) break;
    now = std::max(now, *due);
    world.connection.on_timeout(now);
    assert(!world.connection.next_deadline() || *world.connection.next_deadline() > now);
  }
  now = end;
}

void call(World& world, Script& script, Instant now) {
  static wire::Buffer buffer(5000, 0xa5);
  std::size_t count = 0;
  const std::uint8_t size = script.octet();
  const std::size_t octets = static_cast<std::size_t>(size & 0x3f) * 70;
  switch (size >> 6) {
    case 0:
      world.connection.send(wire::Bytes(buffer).first(octets), (size & 1) != 0, (size & 2) != 0,
                            now, count);
      assert(count <= octets);
      break;
    case 1:
      world.connection.receive(wire::MutableBytes(buffer).first(octets), now, count);
      assert(count <= octets);
      break;
    case 2:
      if (size == 0x80) world.connection.close(now);
      if (size == 0x81) world.connection.abort(now);
      if (size == 0x82) world.connection.stop_receiving(now);
      break;
    default: world.connection.set_nagle((size & 1) != 0, now);
  }
}

Config config(std::uint8_t bits) {
  Config out;
  out.features.window_scale = (bits & 1) == 0;
  out.features.timestamps = (bits & 2) == 0;
  out.features.sack = (bits & 4) == 0;
  out.features.challenge_ack = (bits & 8) == 0;
  out.receive_buffer = (bits & 16) == 0 ? 3000 : 200'000;
  out.send_buffer = 100'000;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script script({data, std::min<std::size_t>(size, 2000)});
  const std::uint8_t kind = script.octet();
  World world(config(kind));
  Instant now{};
  if ((kind & 0x80) != 0) {
    world.connection.open_passive(now);
  } else {
    world.connection.open_active(Seq{0xffffff00U}, now);
  }
  while (!script.empty()) {
    const std::uint8_t command = script.octet();
    if (command < 0xa0) {
      arrive(world, script, now);
    } else if (command < 0xd0) {
      call(world, script, now);
    } else {
      pass(world, std::chrono::milliseconds(script.octet()) * (command - 0xcf), now);
    }
    world.commanded();
  }
  pass(world, 2h, now);
  return 0;
}
