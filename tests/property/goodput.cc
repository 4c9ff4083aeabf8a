// SPDX-License-Identifier: Apache-2.0
// How fast the reference stack moves a file, by loss rate and receive window: a table that is kept,
// so that any change of behaviour is a visible diff.
//
//   goodput GOLDEN            compare with the kept table
//   goodput GOLDEN --write    keep the new one
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "tests/property/conversation.h"

namespace {

using namespace tcproof;
using namespace tcproof::property;

constexpr std::array losses{0.0, 0.001, 0.01, 0.03, 0.1};
constexpr std::array<std::uint32_t, 5> windows{1460, 5840, 16384, 65535, 262144};
constexpr std::uint32_t octets = 500'000;
constexpr std::array<std::uint64_t, 3> seeds{1, 2, 3};

/// a sends a file to b over 10 Mbit/s and 10 ms each way.
Scenario transfer(double loss, std::uint32_t window, std::uint64_t seed) {
  Scenario out;
  out.seed = seed;
  out.direction = {.delay = 10ms, .rate = 10'000'000};
  out.faults.loss = loss;
  for (auto [side, number] :
       {std::pair(&out.a, std::uint8_t{1}), std::pair(&out.b, std::uint8_t{2})}) {
    side->config.mac = {{2, 0, 0, 0, 0, number}};
    side->config.v4 = wire::IpPrefix{wire::IpAddress::v4(192, 0, 2, number), 24};
    side->config.secret = seed * 2 + number;
    side->config.tcp.msl = 1s;
    side->options.receive_buffer = window;
    side->options.send_buffer = 1 << 20;
    side->most_a_send = side->most_a_read = 100'000;
  }
  out.a.active = true;
  out.a.octets = octets;
  return out;
}

/// Octets of the file a second, in thousands; the conversation's 2 MSL in TIME-WAIT is left out.
/// Where one segment at a time meets heavy loss, a connection may reach R2 and say so.
std::string goodput(double loss, std::uint32_t window, std::string& wrong) {
  Duration lasted{};
  std::size_t gave_up = 0;
  for (const std::uint64_t seed : seeds) {
    const Ending ending = converse(transfer(loss, window, seed));
    if (!ending.wrong.empty()) {
      wrong += fmt::format("loss {}, window {}, seed {}: {}\n", loss, window, seed, ending.wrong);
    }
    if (!ending.whole) ++gave_up;
    lasted += ending.lasted - 2s;
  }
  if (gave_up != 0) return fmt::format("{} of {}", seeds.size() - gave_up, seeds.size());
  const double seconds = std::chrono::duration<double>(lasted).count();
  return fmt::format(
      "{:.1f}", static_cast<double>(octets) * static_cast<double>(seeds.size()) / 1000 / seconds);
}

std::string table(std::string& wrong) {
  std::string out =
      "# Goodput of the reference stack in thousand octets a second: 500,000 octets over 10 "
      "Mbit/s\n"
      "# and 10 ms each way (1,250 at most), by receive window and loss in each direction; the "
      "mean\n"
      "# of three seeds, or how many of them arrived where R2 ended the rest. With timestamps a "
      "full\n"
      "# segment has 1,448 octets: 345 of them and 440 octets, which Nagle's algorithm (RFC 9293 "
      "3.7.4)\n"
      "# keeps until the last full one, the odd one, is acknowledged: without loss that takes the "
      "200 ms\n"
      "# of a delayed ACK. A window of 5,840 settles at two segments a round trip: the ACK of the "
      "second\n"
      "# leaves before the user reads it, so it offers 4,392, of which one segment is in "
      "flight.\nwindow ";
  for (const double loss : losses) out += fmt::format(" {:>7}", fmt::format("{:g} %", loss * 100));
  out += "\n";
  for (const std::uint32_t window : windows) {
    out += fmt::format("{:<7}", window);
    for (const double loss : losses) out += fmt::format(" {:>7}", goodput(loss, window, wrong));
    out += "\n";
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  std::string golden;
  bool write = false;
  CLI::App app("The goodput of the reference stack by loss and window.");
  app.add_option("GOLDEN", golden, "The kept table")->required();
  app.add_flag("--write", write, "Keep the new table");
  CLI11_PARSE(app, argc, argv);
  std::string wrong;
  const std::string now = table(wrong);
  if (!wrong.empty()) {
    fmt::print("{}", wrong);
    return 1;
  }
  if (write) {
    std::ofstream(golden) << now;
    return 0;
  }
  std::stringstream kept;
  kept << std::ifstream(golden).rdbuf();
  if (kept.str() == now) return 0;
  fmt::print("The goodput has changed. It was:\n{}\nIt is:\n{}\nIf that is meant: {} {} --write\n",
             kept.str(), now, argv[0], golden);
  return 1;
}
