// SPDX-License-Identifier: Apache-2.0
// Two reference stacks talk over paths that lose, double, reorder and spoil frames. See
// conversation.h for what must hold.
//
//   two_stacks --seeds 10000            the seeds 1 to 10,000
//   two_stacks --seed 17 --narrate      one of them, frame by frame
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "tests/property/conversation.h"

namespace {

using namespace tcproof::property;

struct Tally {
  std::uint64_t conversations = 0, whole = 0, frames = 0, wrong = 0;
};

void play(std::uint64_t seed, bool narrate, const char* program, Tally& tally) {
  const Scenario scenario = make_scenario(seed);
  if (narrate) fmt::print("{}", scenario.describe());
  const Ending ending = converse(scenario, narrate);
  ++tally.conversations;
  tally.whole += ending.whole ? 1 : 0;
  tally.frames += ending.frames;
  if (ending.wrong.empty()) return;
  ++tally.wrong;
  fmt::print("{}{}\n  again: {} --seed {} --narrate\n", scenario.describe(), ending.wrong, program,
             seed);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 1000, first = 1, only = 0;
  bool narrate = false;
  CLI::App app("Two reference stacks talk over bad paths; nothing may go wrong unreported.");
  app.add_option("--seeds", seeds, "How many conversations")->capture_default_str();
  app.add_option("--first", first, "The first seed")->capture_default_str();
  auto* one = app.add_option("--seed", only, "Only this seed");
  app.add_flag("--narrate", narrate, "Show every frame, transition and rule");
  CLI11_PARSE(app, argc, argv);
  if (one->count() > 0) {
    first = only;
    seeds = 1;
  }
  Tally tally;
  for (std::uint64_t i = 0; i < seeds && tally.wrong < 20; ++i) {
    play(first + i, narrate, argv[0], tally);
  }
  fmt::print("{} conversations, {} whole, {} reported why not, {} wrong; {} frames\n",
             tally.conversations, tally.whole, tally.conversations - tally.whole - tally.wrong,
             tally.wrong, tally.frames);
  return tally.wrong == 0 && tally.conversations > 0 ? 0 : 1;
}
