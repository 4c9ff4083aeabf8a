// SPDX-License-Identifier: Apache-2.0
#include "checks/steps/runner.h"

namespace tcproof::checks {

std::unique_ptr<Runner> make_runner(const Step& step, World& world) {
  using Verb = Step::Verb;
  switch (step.verb) {
    case Verb::send: return make_send_runner(step, world);
    case Verb::expect: return make_expect_runner(step, world);
    case Verb::expect_data: return make_data_runner(step, world);
    case Verb::expect_ack: return make_ack_runner(step, world);
    case Verb::silence: return make_silence_runner(step, world);
    case Verb::call: return make_call_runner(step, world);
    case Verb::at: return make_at_runner(step, world);
    case Verb::wait: return make_wait_runner(step, world);
    case Verb::unordered: return make_unordered_runner(step, world);
    case Verb::one_of: return make_one_of_runner(step, world);
  }
  return nullptr;
}

}  // namespace tcproof::checks
