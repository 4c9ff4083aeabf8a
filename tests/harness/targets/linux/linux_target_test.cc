// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/linux_target.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "tests/harness/topology/as_nobody.h"
#include "tests/harness/topology/netns_fixture.h"

namespace tcproof::harness {
namespace {

using checks::State;

std::string text_of(const EnvironmentError& error) {
  return error.step + ": " + error.why + "; " + error.remedy;
}

checks::Case pair_case() {
  checks::Case one_case;
  one_case.network = pair_network();
  one_case.connections = {{.name = "c1", .tester_port = 40001, .target_port = 5001}};
  return one_case;
}

wire::Buffer syn_of(const checks::Case& one_case) {
  const auto& network = one_case.network;
  wire::FrameSpec frame;
  frame.eth = wire::EthernetSpec{.dst = mac_of(2), .src = mac_of(1)};
  frame.ip = wire::IpSpec{.src = network.address(network.tester, wire::Family::v4),
                          .dst = network.address(network.target, wire::Family::v4)};
  frame.tcp = wire::TcpSpec{
      .src_port = 40001, .dst_port = 5001, .seq = wire::Seq{1}, .flags = wire::flag::syn};
  return wire::emit(frame);
}

/// Opens, sends a SYN and fences: the state reached, or what went wrong.
std::string half_open(RealBench& bench, const checks::Case& one_case) {
  checks::Trace trace;
  checks::Step open;
  open.verb = checks::Step::Verb::call;
  open.call.verb = checks::Call::Verb::open_passive;
  bench.call(trace, open);
  bench.send(trace, 0, 0, checks::no_step, syn_of(one_case));
  bench.fence(trace);
  pollfd ready{bench.descriptor(), POLLIN, 0};
  ::poll(&ready, 1, 2000);
  bench.drain(trace);
  if (!std::holds_alternative<checks::FenceClosed>(trace.events().back())) return "fence is open";
  bench.look_up(trace, 0);
  return std::string(to_string(std::get<checks::StateSeen>(trace.events().back()).state));
}

std::string run_one(Target& target) {
  if (const auto ready = target.prepare(); !ready) return "refused: " + text_of(ready.error());
  const auto one_case = pair_case();
  auto opened = target.open(one_case);
  if (!opened) return text_of(opened.error());
  auto& bench = std::get<std::unique_ptr<RealBench>>(*opened);
  return half_open(*bench, one_case);
}

using LinuxTargetTest = NamespaceTest;

TEST_F(LinuxTargetTest, DescribesTheKernel) {
  const auto target = make_linux_target({});
  EXPECT_THAT(target->describe(), testing::StartsWith("linux "));
}

TEST_F(LinuxTargetTest, ManyAttemptsAtOnceKeepApart) {
  const auto target = make_linux_target({});
  const auto ready = target->prepare();
  ASSERT_TRUE(ready) << text_of(ready.error());
  const auto one_case = pair_case();
  const std::size_t count = std::min<std::size_t>(target->concurrency(), 32);
  ASSERT_GE(count, 1U);
  std::vector<std::unique_ptr<RealBench>> benches;
  for (std::size_t i = 0; i < count; ++i) {
    auto opened = target->open(one_case);
    ASSERT_TRUE(opened) << text_of(opened.error());
    benches.push_back(std::get<std::unique_ptr<RealBench>>(std::move(*opened)));
  }
  for (auto& bench : benches) EXPECT_EQ(half_open(*bench, one_case), "SYN-RECEIVED");
}

// As an ordinary user the same works through a user namespace.
TEST(LinuxTargetRootless, OrdinaryUserTestsTheKernel) {
  const std::string said = as_nobody([] { return run_one(*make_linux_target({})); });
  if (said.starts_with("refused: ")) GTEST_SKIP() << said;
  EXPECT_EQ(said, "SYN-RECEIVED");
}

}  // namespace
}  // namespace tcproof::harness
