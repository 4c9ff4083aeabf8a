// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/plugin/plugin_stack.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/harness/targets/case_builder.h"

// The interface's opaque type: what this test's stack was told, and what it shall answer.
struct tcproof_stack_instance {
  tcproof_services services{};
  std::vector<std::string> told;
  int outcome = TCPROOF_OK;
  tcproof_handle handle = 7;
  std::size_t moves = 0;
  int state = TCPROOF_LISTEN;
  tcproof_time deadline = TCPROOF_NEVER;
};

namespace tcproof::harness {
namespace {

using checks::Outcome;
using checks::State;
using testing::ElementsAre;
using testing::HasSubstr;

// What create() hands out; the table has no place for a test's own pointer.
tcproof_stack_instance* next_instance = nullptr;

tcproof_stack_functions least() {
  tcproof_stack_functions table{};
  table.abi = TCPROOF_STACK_ABI;
  table.size = sizeof table;
  table.create = [](const tcproof_configuration* config, const tcproof_services* services,
                    tcproof_time) {
    if (next_instance == nullptr) return next_instance;
    next_instance->services = *services;
    next_instance->told.push_back("mtu " + std::to_string(config->mtu));
    for (std::size_t i = 0; i < config->parameter_count; ++i)
      next_instance->told.push_back(std::string(config->parameters[i].name) + "=" +
                                    config->parameters[i].text);
    for (std::size_t i = 0; i < config->feature_count; ++i)
      next_instance->told.emplace_back(config->features[i]);
    return next_instance;
  };
  table.destroy = [](tcproof_stack_instance* self) { self->told.emplace_back("destroy"); };
  table.input = [](tcproof_stack_instance* self, const std::uint8_t*, std::size_t length,
                   tcproof_time) { self->told.push_back("input " + std::to_string(length)); };
  table.next_deadline = [](tcproof_stack_instance* self) { return self->deadline; };
  table.advance = [](tcproof_stack_instance*, tcproof_time) {};
  return table;
}

tcproof_outcome said(const tcproof_stack_instance* self) {
  return static_cast<tcproof_outcome>(self->outcome);
}

tcproof_stack_functions talkative() {
  tcproof_stack_functions table = least();
  table.states = TCPROOF_STATES_SAMPLED;
  table.open_passive = [](tcproof_stack_instance* self, int family, std::uint16_t port,
                          const tcproof_option* options, std::size_t count, tcproof_time,
                          tcproof_handle* handle) {
    std::string line = "open " + std::to_string(family) + " " + std::to_string(port);
    for (std::size_t i = 0; i < count; ++i)
      line += std::string(" ") + options[i].name + "=" + std::to_string(options[i].value);
    self->told.push_back(line);
    *handle = self->handle;
    return said(self);
  };
  table.send = [](tcproof_stack_instance* self, tcproof_handle, const std::uint8_t*, std::size_t,
                  int, int, tcproof_time, std::size_t* taken) {
    *taken = self->moves;
    return said(self);
  };
  table.state = [](tcproof_stack_instance* self, tcproof_handle) {
    return static_cast<tcproof_state>(self->state);
  };
  table.remote = [](tcproof_stack_instance*, tcproof_handle, tcproof_endpoint* endpoint) {
    endpoint->address.family = 5;
    return 1;
  };
  return table;
}

class Plugin : public testing::Test {
 protected:
  void SetUp() override { next_instance = &instance; }
  std::unique_ptr<PluginStack> make(const tcproof_stack_functions& table,
                                    const PluginSettings& settings = {}) {
    return std::make_unique<PluginStack>(
        table, builder_.build(), settings,
        StackInstance::Output{
            .frame = [this](wire::Bytes frame) { frames.emplace_back(frame.begin(), frame.end()); },
            .transition = [this](StackInstance::Handle, State, State to,
                                 std::string_view) { states.push_back(to); },
            .note = [](std::string_view) {},
            .broke = [this](std::string_view text) { broken.emplace_back(text); }});
  }

  tcproof_stack_instance instance;
  std::vector<wire::Buffer> frames;
  std::vector<State> states;
  std::vector<std::string> broken;

 private:
  CaseBuilder builder_;
};

TEST_F(Plugin, IsToldItsParametersAndFeaturesAndIsDestroyed) {
  make(least(), {.parameters = {{"buffers", "8"}}, .features = {"ipv4", "sack"}}).reset();
  EXPECT_THAT(instance.told, ElementsAre("mtu 1500", "buffers=8", "ipv4", "sack", "destroy"));
  EXPECT_TRUE(broken.empty());
}

TEST_F(Plugin, AFunctionThatIsMissingIsUnsupported) {
  const auto stack = make(least());
  const Instant now{};
  const StackInstance::Endpoint peer{wire::IpAddress::v4(192, 0, 2, 1), 80};
  EXPECT_EQ(stack->open_passive(wire::Family::v4, 80, {}, now).outcome, Outcome::unsupported);
  EXPECT_EQ(stack->open_active(peer, 0, {}, now).outcome, Outcome::unsupported);
  EXPECT_EQ(stack->send(1, {}, false, false, now).outcome, Outcome::unsupported);
  EXPECT_EQ(stack->receive(1, {}, now).outcome, Outcome::unsupported);
  EXPECT_EQ(stack->close(1, now), Outcome::unsupported);
  EXPECT_EQ(stack->abort(1, now), Outcome::unsupported);
  EXPECT_EQ(stack->shutdown(1, checks::Call::Shutdown::both, now), Outcome::unsupported);
  EXPECT_EQ(stack->status(1, checks::Call::Status::mss).outcome, Outcome::unsupported);
  EXPECT_EQ(stack->set(1, "ttl", 1, now), Outcome::unsupported);
  EXPECT_EQ(stack->bind(wire::Family::v6, 80).outcome, Outcome::unsupported);
  EXPECT_EQ(stack->send_datagram(1, peer, {}, now), Outcome::unsupported);
  EXPECT_EQ(stack->datagram_error(1), Outcome::unsupported);
  EXPECT_EQ(stack->ping(peer.address, 8, now), Outcome::unsupported);
  EXPECT_EQ(stack->flush(checks::Call::Flush::neighbours), Outcome::unsupported);
  EXPECT_FALSE(stack->receive_datagram(1));
  EXPECT_FALSE(stack->remote(1));
  EXPECT_FALSE(stack->next_deadline());
  EXPECT_TRUE(broken.empty());
}

TEST_F(Plugin, OptionsGoThroughAsNamesWithNumbers) {
  const auto stack = make(talkative());
  StackInstance::OpenOptions options;
  options.nodelay = true;
  options.mss = 1000;
  options.user_timeout = 30s;
  options.iss = wire::Seq{0xfffffff0};
  EXPECT_EQ(stack->open_passive(wire::Family::v6, 80, options, Instant{}).handle, 7U);
  EXPECT_EQ(instance.told.back(),
            "open 6 80 nodelay=1 mss=1000 initial-sequence-number=4294967280 "
            "user-timeout=30000000000");
}

TEST_F(Plugin, StatesAreSampledAfterWhatItHasSeen) {
  const auto stack = make(talkative());
  stack->open_passive(wire::Family::v4, 80, {}, Instant{});
  instance.state = TCPROOF_SYN_RECEIVED;
  stack->input(wire::Buffer(60), Instant{});
  stack->input(wire::Buffer(60), Instant{});
  instance.state = TCPROOF_CLOSED;
  stack->advance(Instant{});
  EXPECT_THAT(states, ElementsAre(State::listen, State::syn_received, State::closed));
}

TEST_F(Plugin, ANeverBeyondTheClockIsNever) {
  const auto stack = make(least());
  instance.deadline = TCPROOF_NEVER - 1;
  EXPECT_FALSE(stack->next_deadline());
  instance.deadline = 5;
  EXPECT_EQ(stack->next_deadline(), Instant(5ns));
}

TEST_F(Plugin, NonsenseIsNamedOnce) {
  const auto stack = make(talkative());
  instance.outcome = 99;
  EXPECT_EQ(stack->open_passive(wire::Family::v4, 80, {}, Instant{}).handle, 0U);
  EXPECT_THAT(broken, ElementsAre("open_passive() returned 99, which is no outcome"));
  stack->open_passive(wire::Family::v4, 80, {}, Instant{});
  EXPECT_EQ(broken.size(), 1U);
}

TEST_F(Plugin, ImpossibleCountsStatesAddressesAndFramesAreRefused) {
  instance.moves = 3;
  EXPECT_EQ(make(talkative())->send(1, wire::Buffer(2), false, false, Instant{}).done, 0U);
  EXPECT_THAT(broken.back(), HasSubstr("send() moved 3 octets where 2 were given"));
  instance.state = -5;
  EXPECT_EQ(make(talkative())->state(1), State::closed);
  EXPECT_THAT(broken.back(), HasSubstr("-5, which is no state"));
  EXPECT_FALSE(make(talkative())->remote(1));
  EXPECT_THAT(broken.back(), HasSubstr("family 5"));
  instance.handle = 0;
  make(talkative())->open_passive(wire::Family::v4, 80, {}, Instant{});
  EXPECT_THAT(broken.back(), HasSubstr("handle 0"));
  const auto stack = make(talkative());
  instance.services.output(instance.services.context, nullptr, 60);
  EXPECT_THAT(broken.back(), HasSubstr("at NULL"));
  EXPECT_TRUE(frames.empty());
}

TEST_F(Plugin, OneThatCannotBeMadeIsAskedNothing) {
  next_instance = nullptr;
  const auto stack = make(talkative());
  EXPECT_THAT(broken, ElementsAre("create() returned NULL"));
  stack->input(wire::Buffer(60), Instant{});
  stack->advance(Instant{});
  EXPECT_FALSE(stack->next_deadline());
  EXPECT_EQ(stack->open_passive(wire::Family::v4, 80, {}, Instant{}).outcome, Outcome::unsupported);
}

TEST_F(Plugin, ASeedDecidesItsRandomNumbers) {
  const auto draw = [this] {
    const auto stack = make(least());
    return instance.services.random(instance.services.context);
  };
  EXPECT_EQ(draw(), draw());
}

}  // namespace
}  // namespace tcproof::harness
