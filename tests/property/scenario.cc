// SPDX-License-Identifier: Apache-2.0
#include "tests/property/scenario.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>

#include "stack/link/random.h"

namespace tcproof::property {
namespace {

using link::Random;

template <std::size_t n>
auto one_of(Random& random, const std::array<std::uint32_t, n>& values) {
  return values[random.below(n)];
}

Duration up_to(Random& random, Duration most) {
  return Duration(
      static_cast<Duration::rep>(random.below(static_cast<std::uint64_t>(most.count()) + 1)));
}

/// Nothing, little, or so much that most segments suffer.
double fault(Random& random, double most) {
  switch (random.below(4)) {
    case 0:
    case 1: return 0;
    case 2: return random.unit() * most / 10;
    default: return random.unit() * most;
  }
}

/// Those that two users who only send, read and close can come to see.
tcp::Features features(Random& random) {
  tcp::Features out;
  for (bool tcp::Features::* one :
       {&tcp::Features::window_scale, &tcp::Features::timestamps, &tcp::Features::sack,
        &tcp::Features::dsack, &tcp::Features::limited_transmit, &tcp::Features::delayed_ack,
        &tcp::Features::challenge_ack, &tcp::Features::path_mtu_discovery}) {
    out.*one = random.below(5) != 0;
  }
  return out;
}

SideScenario side(Random& random, const Scenario& whole, std::uint8_t number) {
  SideScenario out;
  out.config.mac = {{2, 0, 0, 0, 0, number}};
  out.config.mtu = whole.mtu;
  out.config.v4 = wire::IpPrefix{wire::IpAddress::v4(192, 0, 2, number), 24};
  out.config.v6 = wire::IpPrefix{*wire::parse_ip(fmt::format("2001:db8::{}", number)), 64};
  out.config.secret = random.next();
  out.config.tcp.features = features(random);
  out.config.tcp.nagle = random.below(4) != 0;
  out.config.tcp.msl = 1s;
  out.options.receive_buffer =
      one_of(random, std::array<std::uint32_t, 6>{700, 2000, 5000, 20000, 65535, 200000});
  out.options.send_buffer = one_of(random, std::array<std::uint32_t, 4>{1000, 4000, 30000, 200000});
  // Just below the wrap, so that most conversations cross it.
  if (random.below(2) == 0) {
    out.options.iss = wire::Seq{static_cast<std::uint32_t>(0U - random.below(20000))};
  }
  out.octets = static_cast<std::uint32_t>(
      random.below(one_of(random, std::array<std::uint32_t, 4>{1, 300, 8000, 40000})));
  out.most_a_send = one_of(random, std::array<std::uint32_t, 4>{1, 100, 3000, 50000});
  // A conversation of one octet at a time has an end all the same.
  if (out.octets > 2000) out.most_a_send = std::max(out.most_a_send, 100U);
  out.most_a_read = one_of(random, std::array<std::uint32_t, 4>{50, 500, 5000, 100000});
  if (random.below(3) == 0) out.read_pause = up_to(random, 3s);
  if (random.below(3) == 0) out.send_pause = up_to(random, 500ms);
  if (random.below(30) == 0) out.aborts_at = up_to(random, 5s);
  return out;
}

std::string describe(const char* name, const SideScenario& side) {
  const tcp::Features& f = side.config.tcp.features;
  std::string off;
  const auto add = [&](bool on, const char* feature) {
    if (!on) off += fmt::format(" {}", feature);
  };
  add(f.window_scale, "window-scale");
  add(f.timestamps, "timestamps");
  add(f.sack, "sack");
  add(f.dsack, "dsack");
  add(f.limited_transmit, "limited-transmit");
  add(f.delayed_ack, "delayed-ack");
  add(f.challenge_ack, "challenge-ack");
  add(f.path_mtu_discovery, "path-mtu-discovery");
  return fmt::format(
      "{}: {} opens, sends {} octets by {}, reads by {}, pauses {} and {}, buffers {} and {}{}\n"
      "   off:{}\n",
      name, side.active ? "actively" : "passively", side.octets, side.most_a_send, side.most_a_read,
      side.send_pause, side.read_pause, *side.options.send_buffer, *side.options.receive_buffer,
      side.aborts_at ? fmt::format(", aborts at {}", *side.aborts_at) : "", off);
}

}  // namespace

std::string Scenario::describe() const {
  return fmt::format(
             "seed {}: {}, mtu {}, delay {}, {} bit/s, loss {:.3f}, duplicate {:.3f}, reorder "
             "{:.3f}, corrupt {:.3f}, jitter {}{}\n",
             seed, family == wire::Family::v4 ? "IPv4" : "IPv6", mtu, direction.delay,
             direction.rate, faults.loss, faults.duplicate, faults.reorder, faults.corrupt,
             faults.jitter, cut_at ? fmt::format(", cut at {}", *cut_at) : "") +
         property::describe("a", a) + property::describe("b", b);
}

Scenario make_scenario(std::uint64_t seed) {
  Random random = Random::derived(seed, "two stacks");
  Scenario out;
  out.seed = seed;
  out.family = random.below(2) == 0 ? wire::Family::v4 : wire::Family::v6;
  out.mtu = out.family == wire::Family::v4
                ? one_of(random, std::array<std::uint32_t, 4>{300, 576, 1280, 1500})
                : one_of(random, std::array<std::uint32_t, 3>{1280, 1400, 1500});
  if (random.below(3) != 0) out.direction.delay = up_to(random, 80ms);
  if (random.below(3) == 0) out.direction.rate = 100'000 + random.below(20'000'000);
  out.faults.loss = fault(random, 0.25);
  out.faults.duplicate = fault(random, 0.3);
  out.faults.reorder = fault(random, 0.3);
  out.faults.corrupt = fault(random, 0.2);
  if (random.below(3) == 0) out.faults.jitter = up_to(random, 50ms);
  out.faults.reorder_hold = 1ms + up_to(random, 30ms);
  if (random.below(40) == 0) out.cut_at = up_to(random, 3s);
  out.a = side(random, out, 1);
  out.b = side(random, out, 2);
  out.a.active = true;
  out.b.active = random.below(8) == 0;  // crossing SYNs
  return out;
}

}  // namespace tcproof::property
