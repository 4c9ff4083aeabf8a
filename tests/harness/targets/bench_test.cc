// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/virtual_bench.h"

#include <gmock/gmock.h>

#include <memory>
#include <utility>

#include "tests/harness/targets/case_builder.h"
#include "tests/harness/targets/scripted_stack.h"

namespace tcproof::harness {
namespace {

using checks::Call;
using checks::Outcome;
using testing::ElementsAre;
using testing::IsEmpty;

// A bench with a scripted stack, and what the last drain() brought.
class Bed {
 public:
  explicit Bed(CaseBuilder& builder)
      : one_case(builder.build()), bench_(one_case, [this](StackInstance::Output output) {
          auto made = std::make_unique<ScriptedStack>(std::move(output));
          stack = made.get();
          return made;
        }) {}

  /// The calls that have returned since the last look: "3 ok", "3 ok 2 octets", "3 ok =7".
  std::vector<std::string> returns() {
    std::vector<std::string> texts;
    for (const checks::CallReturned& back : all<checks::CallReturned>()) {
      std::string text = std::to_string(back.step) + " " + std::string(to_string(back.outcome));
      if (back.data.length > 0) text += " " + std::to_string(back.data.length) + " octets";
      if (back.number) text += " =" + std::to_string(*back.number);
      texts.push_back(std::move(text));
    }
    return texts;
  }
  template <class Kind>
  std::vector<Kind> all() {
    std::vector<Kind> found;
    const std::size_t before = trace.events().size();
    bench_.drain(trace);
    for (std::size_t i = before; i < trace.events().size(); ++i)
      if (const auto* one = std::get_if<Kind>(&trace.events()[i])) found.push_back(*one);
    return found;
  }
  void call(checks::StepId step) { bench_.call(trace, one_case.steps[step]); }
  /// Some frame comes to the target: a reason to try again what waits.
  void frame() { bench_.send(trace, 0, sim_test::tester, checks::no_step, wire::Buffer(60)); }
  SimBench& bench() { return bench_; }

  const checks::Case& one_case;
  ScriptedStack* stack = nullptr;
  checks::Trace trace;

 private:
  SimBench bench_;
};

wire::Buffer octets(std::size_t count) {
  return wire::Buffer(count, 7);
}

TEST(Application, ReceiveWaitsForAllItsOctets) {
  CaseBuilder builder;
  builder.call(Call::Verb::open_passive);
  builder.call(Call::Verb::receive, 5);
  Bed bed(builder);
  bed.call(0);
  bed.call(1);
  EXPECT_THAT(bed.returns(), ElementsAre("0 ok"));
  bed.stack->connections[1].to_read = octets(3);
  bed.frame();
  EXPECT_THAT(bed.returns(), IsEmpty());
  bed.stack->connections[1].to_read = octets(4);
  bed.frame();
  EXPECT_THAT(bed.returns(), ElementsAre("1 ok 5 octets"));
  EXPECT_EQ(bed.stack->connections[1].to_read.size(), 2U) << "what is beyond stays";
}

TEST(Application, TheOldestReceiveIsServedFirst) {
  CaseBuilder builder;
  builder.call(Call::Verb::open_passive);
  builder.call(Call::Verb::receive, 5);
  builder.call(Call::Verb::receive, 1);
  Bed bed(builder);
  for (checks::StepId step = 0; step < 3; ++step) bed.call(step);
  bed.stack->connections[1].to_read = octets(6);
  bed.frame();
  EXPECT_THAT(bed.returns(), ElementsAre("0 ok", "1 ok 5 octets", "2 ok 1 octets"));
}

TEST(Application, ReceiveAllEndsWithTheStream) {
  CaseBuilder builder;
  builder.call(Call::Verb::open_passive);
  builder.call(Call::Verb::receive).call.all = true;
  builder.call(Call::Verb::receive, 1);
  Bed bed(builder);
  bed.call(0);
  bed.call(1);
  bed.stack->connections[1].to_read = octets(100'000);
  bed.frame();
  EXPECT_THAT(bed.returns(), ElementsAre("0 ok"));
  bed.stack->connections[1].end = Outcome::closing;
  bed.frame();
  EXPECT_THAT(bed.returns(), ElementsAre("1 ok 100000 octets"));
  bed.call(2);
  EXPECT_THAT(bed.returns(), ElementsAre("2 closing"));
}

TEST(Application, AWithdrawnReceiveReturnsNothingOrWhatItHas) {
  CaseBuilder builder;
  builder.call(Call::Verb::open_passive);
  builder.call(Call::Verb::receive, 5);
  builder.call(Call::Verb::receive, 5);
  Bed bed(builder);
  bed.call(0);
  bed.call(1);
  bed.bench().withdraw(bed.trace, 1);
  EXPECT_THAT(bed.returns(), ElementsAre("0 ok", "1 nothing"));
  bed.call(2);
  bed.stack->connections[1].to_read = octets(2);
  bed.frame();
  bed.bench().withdraw(bed.trace, 2);
  bed.bench().withdraw(bed.trace, 2);
  EXPECT_THAT(bed.returns(), ElementsAre("2 ok 2 octets"));
}

TEST(Application, SendNeverBlocksAndCloseWaitsForItsOctets) {
  CaseBuilder builder;
  builder.call(Call::Verb::open_active);
  builder.call(Call::Verb::send, 10);
  builder.call(Call::Verb::send, 10);
  builder.call(Call::Verb::close);
  builder.call(Call::Verb::send, 10);
  Bed bed(builder);
  bed.call(0);
  bed.stack->connections[1].room = 12;
  for (checks::StepId step = 1; step < 5; ++step) bed.call(step);
  EXPECT_THAT(bed.returns(), ElementsAre("0 ok", "1 ok", "2 ok", "3 ok", "4 closing"));
  EXPECT_FALSE(bed.stack->connections[1].closed_by_user);
  bed.stack->connections[1].room = 100;
  bed.frame();
  EXPECT_TRUE(bed.stack->connections[1].closed_by_user);
  wire::Buffer pattern;
  for (std::uint64_t n = 1; n <= 20; ++n) pattern.push_back(checks::target_octet(n));
  EXPECT_EQ(bed.stack->connections[1].sent, pattern);
}

TEST(Application, AcceptWaitsForTheHandshake) {
  CaseBuilder builder;
  builder.call(Call::Verb::open_passive);
  builder.call(Call::Verb::accept);
  Bed bed(builder);
  bed.call(0);
  bed.call(1);
  bed.stack->go(1, checks::State::syn_received);
  bed.frame();
  EXPECT_THAT(bed.returns(), ElementsAre("0 ok"));
  bed.stack->go(1, checks::State::established);
  bed.frame();
  EXPECT_THAT(bed.returns(), ElementsAre("1 ok"));
}

TEST(Application, CallsOfWhatIsNotOpen) {
  CaseBuilder builder;
  builder.call(Call::Verb::send, 1);
  builder.call(Call::Verb::receive, 1);
  builder.call(Call::Verb::close);
  builder.call(Call::Verb::status);
  builder.call(Call::Verb::open_passive);
  builder.call(Call::Verb::open_passive);
  builder.call(Call::Verb::open_active).call.options["fast-open"] = 1;
  Bed bed(builder);
  for (checks::StepId step = 0; step < 6; ++step) bed.call(step);
  EXPECT_THAT(bed.returns(), ElementsAre("0 no-connection", "1 no-connection", "2 no-connection",
                                         "3 no-connection", "4 ok", "5 exists"));
  bed.stack->go(1, checks::State::closed);
  bed.call(6);
  EXPECT_THAT(bed.returns(), ElementsAre("6 unsupported"));
}

TEST(Application, StatusGivesNumbers) {
  CaseBuilder builder;
  builder.call(Call::Verb::open_passive);
  builder.call(Call::Verb::status).call.status = Call::Status::unread;
  Bed bed(builder);
  bed.call(0);
  bed.stack->connections[1].to_read = octets(7);
  bed.call(1);
  EXPECT_THAT(bed.returns(), ElementsAre("0 ok", "1 ok =7"));
}

// Two listeners on one port; the second connection's SYN comes first and takes the first listener.
TEST(Application, ListenersAreTakenByTheTestersPort) {
  CaseBuilder builder;
  builder.tcp(40002, 5001);
  builder.call(Call::Verb::open_passive, 0, 0);
  builder.call(Call::Verb::open_passive, 0, 1);
  Bed bed(builder);
  bed.call(0);
  bed.call(1);
  bed.returns();
  bed.stack->on_input = [&](wire::Bytes, Instant) {
    bed.stack->connections[1].remote = StackInstance::Endpoint{*wire::parse_ip("192.0.2.1"), 40002};
    bed.stack->go(1, checks::State::syn_received);
  };
  bed.frame();
  const auto states = bed.all<checks::StateSeen>();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].conn, 1);
  EXPECT_EQ(states[0].state, checks::State::syn_received);
  EXPECT_TRUE(states[0].reported);
  bed.bench().look_up(bed.trace, 0);
  EXPECT_EQ(std::get<checks::StateSeen>(bed.trace.events().back()).state, checks::State::listen);
}

TEST(Application, DatagramsComeWholeAndGoToTheTestersPort) {
  CaseBuilder builder;
  builder.udp(53, 5002);
  builder.call(Call::Verb::open_active, 0, 1);
  builder.call(Call::Verb::send, 3, 1);
  builder.call(Call::Verb::receive, 4, 1);
  builder.call(Call::Verb::receive, 4, 1);
  Bed bed(builder);
  for (checks::StepId step = 0; step < 3; ++step) bed.call(step);
  EXPECT_THAT(bed.stack->sent_datagrams,
              ElementsAre(std::pair(std::uint16_t{53}, wire::Buffer{255, 254, 253})));
  bed.stack->datagrams = {octets(6), octets(2)};
  bed.frame();
  bed.call(3);
  EXPECT_THAT(bed.returns(), ElementsAre("0 ok", "1 ok", "2 ok 4 octets", "3 ok 2 octets"));
}

TEST(Application, AnIcmpErrorEndsAReceiveOfDatagrams) {
  CaseBuilder builder;
  builder.udp(53, 5002);
  builder.call(Call::Verb::open_active, 0, 1);
  builder.call(Call::Verb::receive, 4, 1);
  Bed bed(builder);
  bed.call(0);
  bed.call(1);
  bed.stack->error = Outcome::refused;
  bed.frame();
  EXPECT_THAT(bed.returns(), ElementsAre("0 ok", "1 refused"));
}

TEST(SimBench, AFenceClosesAfterWhatItProves) {
  CaseBuilder builder;
  builder.build().network.links[0].ends[1].towards.delay = 5ms;
  Bed bed(builder);
  bed.stack->on_input = [&](wire::Bytes, Instant) { bed.stack->output.frame(wire::Buffer(60)); };
  bed.frame();
  bed.bench().fence(bed.trace);
  EXPECT_THAT(bed.all<checks::FenceClosed>(), IsEmpty()) << "a frame is in flight";
  ASSERT_EQ(bed.bench().next_event(), Instant{5ms});
  bed.bench().advance(Instant{5ms});
  EXPECT_THAT(bed.all<checks::FenceClosed>(), IsEmpty()) << "the answer is told first";
  EXPECT_EQ(bed.all<checks::FenceClosed>().size(), 1U);
  EXPECT_THAT(bed.all<checks::FenceClosed>(), IsEmpty()) << "once";
}

TEST(SimBench, ATargetWithoutRestDies) {
  CaseBuilder builder;
  Bed bed(builder);
  bed.stack->deadline = Instant{};
  bed.frame();
  EXPECT_EQ(bed.all<checks::TargetDied>().size(), 1U);
}

TEST(SimBench, ATargetThatFloodsDies) {
  CaseBuilder builder;
  Bed bed(builder);
  bed.stack->on_input = [&](wire::Bytes, Instant) {
    for (int i = 0; i < 30'000; ++i) bed.stack->output.frame(wire::Buffer(60));
  };
  bed.frame();
  EXPECT_EQ(bed.all<checks::TargetDied>().size(), 1U);
}

}  // namespace
}  // namespace tcproof::harness
