// SPDX-License-Identifier: Apache-2.0
// Two hosts on a cable of 10 ms: one connects to the other, says a word and hangs up.
#include <fmt/format.h>

#include <algorithm>

#include "stack/host.h"
#include "stack/link/sim_link.h"
#include "stack/link/simulator.h"
#include "stack/wire/notation.h"

using namespace tcproof;

int main() {
  link::Simulator clock;
  link::SimLink cable(clock, 1500, {.delay = 10ms}, {.delay = 10ms});

  const auto host = [&](std::uint8_t number, const char* arrow, link::Link& end) {
    stack::HostConfig config;
    config.mac = {{2, 0, 0, 0, 0, number}};
    config.v4 = wire::IpPrefix{wire::IpAddress::v4(192, 0, 2, number), 24};
    const auto frame = [&clock, &end, arrow](wire::Bytes octets) {
      const double at = std::chrono::duration<double>(clock.now().time_since_epoch()).count();
      fmt::print("{:.3f}  client {} server   {}\n", at, arrow,
                 wire::print_frame(wire::dissect(octets), {}));
      end.send(octets);
    };
    return std::make_unique<stack::Host>(config, stack::HostOutput{.frame = frame});
  };
  const auto client = host(1, "-->", cable.a()), server = host(2, "<--", cable.b());
  cable.a().on_receive([&](wire::Bytes frame) { client->input(frame, clock.now()); });
  cable.b().on_receive([&](wire::Bytes frame) { server->input(frame, clock.now()); });
  const auto run = [&](Duration how_long) {
    const Instant end = clock.now() + how_long;
    for (Instant next = clock.now(); next <= end;) {
      clock.advance(next);
      client->advance(next);
      server->advance(next);
      next = Instant::max();
      for (const auto at : {clock.next_event(), client->next_deadline(), server->next_deadline()})
        if (at) next = std::min(next, std::max(*at, clock.now()));
    }
    clock.advance(end);
  };

  const auto listener =
      server->open_passive(wire::Family::v4, 7, {.iss = wire::Seq{0}}, clock.now());
  const auto connection = client->open_active(wire::IpAddress::v4(192, 0, 2, 2), 7, 0,
                                              {.iss = wire::Seq{0}}, clock.now());
  run(1s);
  std::size_t taken = 0;
  client->send(connection.id, wire::Buffer{'h', 'i'}, true, false, clock.now(), taken);
  client->close(connection.id, clock.now());
  run(1s);
  server->close(listener.id, clock.now());
  run(2min);
  return client->state(connection.id) == tcp::State::closed ? 0 : 1;
}
