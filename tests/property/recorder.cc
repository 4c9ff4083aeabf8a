// SPDX-License-Identifier: Apache-2.0
#include "tests/property/recorder.h"

#include <fmt/format.h>

#include "checks/invariant.h"
#include "checks/transcript.h"

namespace tcproof::property {
namespace {

using namespace checks;

constexpr StepId step_open = 0, step_send = 1, step_frame = 2;

State state_of(tcp::State state) {
  switch (state) {
    case tcp::State::closed: return State::closed;
    case tcp::State::listen: return State::listen;
    case tcp::State::syn_sent: return State::syn_sent;
    case tcp::State::syn_received: return State::syn_received;
    case tcp::State::established: return State::established;
    case tcp::State::fin_wait_1: return State::fin_wait_1;
    case tcp::State::fin_wait_2: return State::fin_wait_2;
    case tcp::State::close_wait: return State::close_wait;
    case tcp::State::closing: return State::closing;
    case tcp::State::last_ack: return State::last_ack;
    case tcp::State::time_wait: return State::time_wait;
  }
  return State::closed;
}

Step call_step(StepId id, Call::Verb verb, std::uint32_t count) {
  Step step;
  step.id = id;
  step.verb = Step::Verb::call;
  step.call.verb = verb;
  step.call.count = count;
  return step;
}

}  // namespace

std::size_t Originals::hash(wire::Bytes frame) {
  constexpr std::size_t ip = 14, next_header_end = ip + 7, source = ip + 8;
  const auto of = [](wire::Bytes octets) {
    return std::hash<std::string_view>()(
        {reinterpret_cast<const char*>(octets.data()), octets.size()});
  };
  const bool v6 = frame.size() > source && frame[12] == 0x86 && frame[13] == 0xdd;
  if (!v6) return of(frame);
  return of(frame.subspan(ip + 4, next_header_end - ip - 4)) * 31 + of(frame.subspan(source));
}

Recorder::Recorder(const Scenario& scenario, const SideScenario& target,
                   const SideScenario& tester) {
  case_.id = "property/two-stacks";
  case_.seed = scenario.seed;
  case_.family = scenario.family;
  case_.network.hosts = {{.name = "tester", .mac = tester.config.mac},
                         {.name = "target", .mac = target.config.mac}};
  case_.network.links = {{.name = "wire",
                          .mtu = scenario.mtu,
                          .ends = {{.host = 0, .v4 = tester.config.v4, .v6 = tester.config.v6},
                                   {.host = 1, .v4 = target.config.v4, .v6 = target.config.v6}}}};
  case_.network.tester = 0;
  case_.network.target = 1;
  const bool target_is_a = &target == &scenario.a;
  case_.connections = {{.name = "c1",
                        .tcp = true,
                        .host = 0,
                        .tester_port = target_is_a ? port_b : port_a,
                        .target_port = target_is_a ? port_a : port_b,
                        .isn = {}}};
  case_.timing.rto_min = target.config.tcp.rto_min;
  case_.steps = {
      call_step(step_open, target.active ? Call::Verb::open_active : Call::Verb::open_passive, 0),
      call_step(step_send, Call::Verb::send, target.octets)};
  Step frame;
  frame.id = step_frame;
  frame.verb = Step::Verb::send;
  case_.steps.push_back(frame);
}

void Recorder::opens(Instant at) {
  trace_.add(CallMade{at, step_open});
  trace_.add(CallMade{at, step_send});
}

void Recorder::sends(wire::Bytes frame, Instant at) {
  trace_.add(FrameSeen{at, 0, 1, trace_.keep(frame)});
}

void Recorder::gets(wire::Bytes frame, Instant at, bool original) {
  if (original) trace_.add(FrameSent{at, 0, 0, step_frame, trace_.keep(frame)});
}

void Recorder::changes(tcp::State to, Instant at) {
  trace_.add(StateSeen{at, 0, state_of(to), true});
}

std::string Recorder::breach() const {
  const Transcript transcript(case_, trace_);
  for (const Invariant& invariant : all_invariants()) {
    std::vector<Failure> failures;
    invariant.check(case_, transcript, failures);
    if (failures.empty()) continue;
    return fmt::format("{} at {} ns: {}\n  {}", invariant.name,
                       failures.front().at.time_since_epoch().count(), failures.front().what,
                       failures.front().got);
  }
  return {};
}

}  // namespace tcproof::property
